/**
 * The ledger: every unit of coin is in an account, locked (a stake, a deposit, a channel) or burned, and these three add
 * up to what was minted. All moves go through here, so that the sums hold by construction. Amounts are safe integers
 * from 0; no sum of them passes the supply cap, which is a safe integer too. Whoever moves says why (moves.ts).
 */
import type { Execution } from './execution.js';
import type { MoveReason } from './moves.js';
import { ACCOUNT, GLOBALS, NEW_ACCOUNT, type State } from './state/state.js';
import type { Refusal } from './transactions/refusal.js';
import type { NodeId } from './types.js';

export function balanceOf(execution: Execution, node: NodeId): number {
  return (execution.state.get(ACCOUNT, node) ?? NEW_ACCOUNT).balanceUnits;
}

/** Adds to an account. The units come from a debit, from a lock or from the mint. */
export function credit(execution: Execution, node: NodeId, units: number, reason: MoveReason): void {
  if (amountOf(units) > 0) move(execution, node, units, reason);
}

/** Takes from an account, or refuses and takes nothing. Whoever calls it says where the units go. */
export function debit(execution: Execution, node: NodeId, units: number, reason: MoveReason): Refusal | null {
  if (balanceOf(execution, node) < amountOf(units)) return { code: 'insufficient-balance', later: true };
  if (units > 0) move(execution, node, -units, reason);
  return null;
}

/** Sets coins of an account aside. What they are for, the entry that asked for it remembers. */
export function lock(execution: Execution, node: NodeId, units: number, reason: MoveReason): Refusal | null {
  const refusal = debit(execution, node, units, reason);
  if (refusal === null) moveLocked(execution, units);
  return refusal;
}

/** Gives locked coins to an account. */
export function unlock(execution: Execution, node: NodeId, units: number, reason: MoveReason): void {
  takeLocked(execution, units);
  credit(execution, node, units, reason);
}

/** Takes coins out of the lock. As with a debit, whoever calls it says where they go. */
export function takeLocked(execution: Execution, units: number): void {
  moveLocked(execution, -units);
}

/** Destroys locked coins. */
export function burnLocked(execution: Execution, units: number): void {
  takeLocked(execution, units);
  burn(execution, units);
}

/** Counts units that were debited as destroyed. */
export function burn(execution: Execution, units: number): void {
  if (amountOf(units) > 0) execution.updateGlobals({ burnedUnits: execution.globals().burnedUnits + units });
}

function move(execution: Execution, node: NodeId, units: number, reason: MoveReason): void {
  const account = execution.state.get(ACCOUNT, node) ?? NEW_ACCOUNT;
  const balanceUnits = account.balanceUnits + units;
  execution.state = execution.state.set(ACCOUNT, node, { ...account, balanceUnits });
  const { timestampMs } = execution.block;
  const { cause, counterparty = null } = reason;
  execution.moves.push({ account: node, cause, units, balanceUnits, counterparty, timestampMs });
}

function moveLocked(execution: Execution, units: number): void {
  if (units === 0) return;
  execution.updateGlobals({ lockedUnits: amountOf(execution.globals().lockedUnits + units) });
}

/** A negative or rounded amount is a mistake in a rule: no transaction can ask for one. */
function amountOf(units: number): number {
  if (!Number.isSafeInteger(units) || units < 0) throw new RangeError(`${units} is no amount of coins`);
  return units;
}

/** The whole coin, counted: both sides are equal in every state. Walks the whole state: for tests and audits. */
export function auditOf(state: State): { readonly mintedUnits: number; readonly accountedUnits: number } {
  const { supplyUnits, burnedUnits, lockedUnits } = state.require(GLOBALS);
  let accountedUnits = burnedUnits + lockedUnits;
  for (const [, { balanceUnits }] of state.list(ACCOUNT)) accountedUnits += balanceUnits;
  return { mintedUnits: supplyUnits, accountedUnits };
}
