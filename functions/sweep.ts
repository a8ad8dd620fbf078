/**
 * Once a day, has the objects looked at that exist and that nothing is recorded of: events are lost when a role was not yet there,
 * when the queue could not be reached for a day, and for some operations always. Registration only.
 */
import { app } from '@azure/functions';
import { getSharedApp } from '../shared/app.ts';

/** Returns when the sweep has begun; its steps are messages of the queue. */
export async function startSweep(): Promise<void> {
  const { sweep } = await getSharedApp();
  await sweep();
}

app.timer('sweep', { schedule: '0 23 3 * * *', handler: startSweep });
