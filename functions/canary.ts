/**
 * Scans the built-in sample each quarter of an hour and records it, so that somebody notices when that stops. Registration only:
 * the work is `shared/scanner/scan-canary.ts`.
 */
import { app } from '@azure/functions';
import { getSharedApp } from '../shared/app.ts';

/** Returns when the row is accepted; throws otherwise. */
export async function runCanary(): Promise<void> {
  const { scanCanary } = await getSharedApp();
  await scanCanary();
}

app.timer('canary', { schedule: '0 */15 * * * *', handler: runCanary });
