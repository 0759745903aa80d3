/**
 * The variables a program sees: where to find things, and nothing of what the node's owner keeps in his own. One thread
 * for numerical libraries, because the pool's workers are the parallelism, and no random hashing of Python's strings.
 */
const PASSED_ON = ['PATH', 'HOME', 'LANG', 'TMPDIR', 'TZ', 'LD_LIBRARY_PATH', 'CUDA_VISIBLE_DEVICES', 'VIRTUAL_ENV'];

export function programEnvironment(): Record<string, string> {
  const passedOn = PASSED_ON.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    ...Object.fromEntries(passedOn),
    OMP_NUM_THREADS: '1',
    OPENBLAS_NUM_THREADS: '1',
    MKL_NUM_THREADS: '1',
    PYTHONHASHSEED: '0',
    PYTHONUNBUFFERED: '1',
    DOIN_PROTOCOL: '1',
  };
}
