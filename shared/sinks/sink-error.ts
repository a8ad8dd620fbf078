/** What a sink says when it could not record a report. */
import type { SluiceErrorDetails } from '../base/errors.ts';
import { SluiceError } from '../base/errors.ts';

export interface SinkErrorDetails extends SluiceErrorDetails {
  /** HTTP status of the last answer, where there was one. */
  readonly status?: number | undefined;
  /** The rows themselves were refused: see `SinkError.isRefused`. */
  readonly isRefused?: boolean;
  /** What the service asked to wait before the next try. */
  readonly retryAfterInMs?: number | undefined;
}

/**
 * A report was not recorded. Three cases, and what to do with the report:
 * - `retryable`: the service is busy, failing or out of reach; keep the report and try again later.
 * - `isRefused`: the service takes reports, but not this one; trying again cannot help. Its outcome is `failed: sinkRefused`.
 * - neither: access or settings are wrong (401, 403, 404, an unknown stream). The report is not at fault: keep it; it can be
 *   delivered once a person has followed the hint.
 */
export class SinkError extends SluiceError {
  readonly code = 'INGESTION_FAILED';
  readonly status: number | undefined;
  readonly isRefused: boolean;
  readonly retryAfterInMs: number | undefined;

  constructor(message: string, details: SinkErrorDetails = {}) {
    super(message, details);
    this.status = details.status;
    this.isRefused = details.isRefused ?? false;
    this.retryAfterInMs = details.retryAfterInMs;
  }
}
