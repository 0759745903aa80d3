/** All checks on one domain, one after another, told as they end. */
import { errorMessage } from '../../runtime/errors.js';
import { complianceChecks } from './checks.js';
import { Subject, type SubjectOptions } from './subject.js';

export interface ComplianceResult {
  readonly title: string;
  /** Null when the check passed. */
  readonly problem: string | null;
  readonly seconds: number;
}

export async function* runCompliance(options: SubjectOptions): AsyncGenerator<ComplianceResult> {
  const subject = new Subject(options);
  for (const { title, run } of complianceChecks) {
    const startedAt = performance.now();
    const problem = await run(subject).then(() => null, errorMessage);
    yield { title, problem, seconds: (performance.now() - startedAt) / 1000 };
  }
}
