/**
 * Begins, stops or goes on with a rescan that a message of its own queue asks for. A queue and no HTTP: who may write to it is a role
 * on that one queue, and neither a key nor an app registration is needed. Registration only: the work is `shared/jobs`.
 */
import { app } from '@azure/functions';
import type { InvocationContext } from '@azure/functions';
import { getSharedApp } from '../shared/app.ts';
import { handleRescanOrder } from '../shared/jobs/rescan-orders.ts';

/** Returns when the order is carried out or refused; throws where storage does not answer, and the host brings it again. */
export async function takeRescanOrder(message: unknown, context: InvocationContext): Promise<void> {
  const { rescans } = await getSharedApp();
  await handleRescanOrder(message, context.triggerMetadata, rescans);
}

app.storageQueue('rescan', {
  queueName: '%SLUICE_QUEUE%-rescan',
  connection: 'SLUICE_STATE',
  handler: takeRescanOrder,
});
