/** `doin doctor`: everything a start needs of this machine, looked at without changing anything. */
import { availableParallelism, totalmem } from 'node:os';
import { ACTOR_ROLES, type NodeConfig } from '../../../config/schema.js';
import { type PlacementAdvice, recommendPlacement } from '../../system/placement.js';
import { readLock } from '../data-lock.js';
import { checkGpuBackend, checkSodium, checkSqlite, checkWasmSimd } from './backends.js';
import { type Finding, ok } from './finding.js';
import { checkClock, checkMemory, checkNodeVersion, checkOpenFiles } from './machine.js';
import { checkDataDir, checkLock, checkPort, newestFileMs, tcpAddresses } from './places.js';

export interface Diagnosis {
  readonly findings: readonly Finding[];
  readonly advice: PlacementAdvice;
}

/** Long enough to see a clock that is being set in steps. */
const CLOCK_WATCH_MS = 200;

export async function diagnose(config: NodeConfig): Promise<Diagnosis> {
  const cores = availableParallelism();
  const memoryMb = Math.floor(memoryBytes() / 2 ** 20);
  const advice = recommendPlacement({ cores, memoryMb }, ACTOR_ROLES);
  const lock = await readLock(config.data_dir);
  const ports = [{ host: config.host, port: config.port, setting: 'port' }, ...tcpAddresses(config.p2p.listen)];
  const findings = await Promise.all([
    checkNodeVersion(process.version),
    checkSqlite(),
    checkSodium(),
    checkWasmSimd(),
    checkGpuBackend(),
    checkMemory(memoryMb, cores),
    placementFinding(advice, config.placement),
    checkDataDir(config.data_dir),
    checkLock(config.data_dir),
    ...ports.map((port) => checkPort(port, lock)),
    checkClockOf(config.data_dir),
    checkOpenFiles(openFilesLimit()),
  ]);
  return { findings, advice };
}

function placementFinding(advice: PlacementAdvice, configured: NodeConfig['placement']): Finding {
  const same = JSON.stringify(advice.placement) === JSON.stringify(configured);
  return ok('placement', `${same ? 'as configured' : 'recommended'}: ${advice.reason}`);
}

/** The container's limit where there is one. */
function memoryBytes(): number {
  const limit = process.constrainedMemory() ?? 0;
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

async function checkClockOf(dataDir: string): Promise<Finding> {
  const wall = Date.now();
  const monotonic = performance.now();
  await new Promise((resolve) => setTimeout(resolve, CLOCK_WATCH_MS));
  const driftMs = Date.now() - wall - (performance.now() - monotonic);
  return checkClock({ nowMs: Date.now(), driftMs, newestFileMs: await newestFileMs(dataDir) });
}

/** From Node's diagnostic report, the only place where it tells; null on Windows, which has no such limit. */
function openFilesLimit(): number | null {
  const report = process.report.getReport() as { userLimits?: { open_files?: { soft?: number | string } } };
  const soft = report.userLimits?.open_files?.soft;
  if (soft === 'unlimited') return Number.POSITIVE_INFINITY;
  return typeof soft === 'number' ? soft : null;
}
