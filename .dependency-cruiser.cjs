/** Which way dependencies point (DESIGN, "rooms"): rules know nothing of threads, actors know each other by messages. */
/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      comment: 'A cycle has no beginning to read from.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'actors-only-by-messages-and-rules',
      comment: "An actor's shell is started by the composition root and imported by nobody else in the program.",
      severity: 'error',
      from: { path: '^(actors|gpu-workers|runtime|config)/', pathNot: '^(runtime/node/)' },
      to: { path: '^actors/[^/]+/actor\\.ts$' },
    },
    {
      name: 'pool-knows-no-actor',
      severity: 'error',
      from: { path: '^gpu-workers/' },
      to: { path: '^actors/' },
    },
    {
      name: 'foundations-know-nobody',
      comment: 'Codec, crypto, fixed-point numbers and genomes are at the bottom.',
      severity: 'error',
      from: { path: '^runtime/(codec|crypto|fixed|genome)/' },
      to: { path: '^(actors|gpu-workers|config|runtime/(system|trace|node|cli|http|storage))/' },
    },
    {
      name: 'system-knows-no-role',
      comment: 'The actor system is useful without DOIN.',
      severity: 'error',
      from: { path: '^runtime/(system|trace)/' },
      to: { path: '^(actors|gpu-workers|config|runtime/(node|cli|http|storage))/' },
    },
    {
      name: 'composition-root-on-top',
      severity: 'error',
      from: { path: '^(actors|gpu-workers|config)/' },
      to: { path: '^runtime/(node|cli|http|dashboard)/' },
    },
    {
      name: 'consensus-is-pure',
      comment: 'What every node must compute alike touches no clock, no disk, no network and no thread.',
      severity: 'error',
      from: {
        path: '^(actors/(quorum|reputation)/rules\\.ts|actors/chain/(state/|transactions/|(accounts|codec|execution|fork-choice|genesis|limits|proof|schedule|settlement|transition|types|verdict)\\.ts)|runtime/(codec|fixed|genome)/)',
      },
      to: {
        path: [
          '^(fs|net|http|https|timers|worker_threads|child_process|os|dgram|dns|perf_hooks)(/|$)',
          '^runtime/(system|storage|trace|node|cli|http)/',
          'node_modules/(rxjs|msgpackr|piscina|ws|sqlite3|libp2p)/',
        ],
      },
    },
    {
      name: 'no-orphans',
      comment: 'Nobody imports it and nothing starts it: dead.',
      severity: 'error',
      from: {
        orphan: true,
        pathNot: ['\\.d\\.ts$', '(^|/)tests/', 'runtime/polyfill\\.ts$'],
      },
      to: {},
    },
    {
      name: 'only-declared-packages',
      severity: 'error',
      from: { path: '^(actors|gpu-workers|runtime|config)/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev', 'unknown'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^runtime/dashboard/public/' },
    tsPreCompilationDeps: true,
    parser: 'swc',
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'types'] },
  },
};
