/** Hard bounds of the wire format, the same on every chain. Bytes unless the name says otherwise. */
export const LIMITS = {
  chainIdBytes: 32,
  domainIdBytes: 64,
  domainsPerEvaluator: 64,
  /** 64 KiB of genome at 8 bytes a value. */
  genomeValues: 8_192,
  blobBytes: 16 * 1024 * 1024,
  /** Gossip frames hold 16 KiB; larger genomes are pulled by request/response with their block. */
  transactionBytes: 96 * 1024,
  blockBytes: 2 * 1024 * 1024,
  transactionsPerBlock: 200,
  /** What one place of a block holds (fees.ts): 200 of them are 2 MiB. */
  placeBytes: 10_240,
  /** Highest fee per place, a million coins: ten places of it are still a safe integer. */
  feeUnits: 100_000_000_000_000,
  /** Of the quorum with all its standby, of newcomers, and as many audits. */
  seatsPerOptimum: 96,
  shadowsPerOptimum: 8,
  disputesPerOptimum: 96,
  jurors: 21,
  /** On the whole chain at a time, between commit and settlement: settling walks them in every block. */
  openOptimae: 2_048,
  /** Registered for one domain. Drawing seats hashes each of them once. */
  evaluatorsPerDomain: 4_096,
  /** Domains that count and that are proposed, together; and the latter alone. */
  domains: 256,
  proposals: 64,
  approvalsPerProposal: 4_096,
  channelsPerPayer: 1_024,
  /** Names of metrics, parameters and choices; names of modules. */
  nameBytes: 64,
  moduleBytes: 128,
  choicesPerParameter: 1_024,
  /** The most a domain may ask of a machine for one task. */
  trainingSeconds: 3_600,
  memoryMb: 8_192,
  epochs: 5_000,
  batchSize: 512,
  /** Anchor points the state remembers, and members' records of each. */
  anchorPoints: 16,
  anchorRecordsPerPoint: 16,
  anchorLedgerBytes: 16,
  anchorReferenceBytes: 128,
} as const;
