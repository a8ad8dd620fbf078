/**
 * Each hour, has one row recorded for the clean scans of the hour before, where `SLUICE_CLEAN_ROWS` is `hourly`. Runs in any case:
 * what was tallied before the setting changed is recorded too. Registration only.
 */
import { app } from '@azure/functions';
import { getSharedApp } from '../shared/app.ts';

/** Returns once every sink has accepted those rows. */
export async function recordCleanHours(): Promise<void> {
  const shared = await getSharedApp();
  await shared.recordCleanHours();
}

app.timer('clean-hours', { schedule: '0 10 * * * *', handler: recordCleanHours });
