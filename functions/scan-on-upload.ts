/**
 * Scans what a message of the queue says was uploaded. Registration only: the work is `shared/app.ts`. The app is made with the
 * first message and not while this file loads, because a file that throws then would take every other function down with it.
 */
import { app } from '@azure/functions';
import type { InvocationContext } from '@azure/functions';
import { getSharedApp } from '../shared/app.ts';

/** Returns when everything the message asks for is recorded; throws otherwise, and the host brings the message again. */
export async function scanOnUpload(message: unknown, context: InvocationContext): Promise<void> {
  const { handleMessage } = await getSharedApp();
  await handleMessage(message, context.triggerMetadata);
}

app.storageQueue('scan-on-upload', {
  queueName: '%SLUICE_QUEUE%',
  connection: 'SLUICE_STATE',
  handler: scanOnUpload,
});
