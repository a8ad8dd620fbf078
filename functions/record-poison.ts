/**
 * Records messages that failed five times: the host has moved them to the poison queue. Registration only: the work is
 * `shared/app.ts`. A message whose object is being scanned after all fails here, and comes again when its lock is over.
 */
import { app } from '@azure/functions';
import type { InvocationContext } from '@azure/functions';
import { getSharedApp } from '../shared/app.ts';

/** Returns when what became of the message is recorded, and the message is kept for replay. */
export async function recordPoison(message: unknown, context: InvocationContext): Promise<void> {
  const { handlePoison } = await getSharedApp();
  await handlePoison(message, context.triggerMetadata);
}

app.storageQueue('record-poison', {
  queueName: '%SLUICE_QUEUE%-poison',
  connection: 'SLUICE_STATE',
  handler: recordPoison,
});
