/**
 * What happens when the host ends this process: running scans are stopped and waited for, so that their messages come again at
 * once instead of after the ten minutes their lock lasts. The host itself waits for nothing but this hook.
 */
import { app } from '@azure/functions';
import { drainSharedApp } from '../shared/app.ts';

/** Never rejects; at most 20 s and a moment. */
export async function drainOnTerminate(): Promise<void> {
  await drainSharedApp();
}

app.hook.appTerminate(drainOnTerminate);
