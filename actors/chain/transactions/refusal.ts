/** Why a transaction cannot be in a block. `later` marks what may become valid with a later block. */
export interface Refusal {
  readonly code: string;
  readonly later?: boolean;
}
