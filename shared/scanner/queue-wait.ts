/**
 * How long uploads wait to be looked at. Nothing else tells when the queue is not listened to, or grows faster than it is worked off:
 * what is not scanned has no row, and the canary comes by a timer.
 */
import { isOwnMessage } from '../events/own-messages.ts';
import { readMessageValues } from '../events/message-values.ts';
import type { WaitingMessage } from '../ledger/message-queue.ts';

/** Incidents are promised within twelve minutes of an upload: a queue that takes longer by itself breaks that. */
export const WAIT_TOO_LONG_IN_MS = 15 * 60_000;

/**
 * Milliseconds that the oldest event has waited in the queue's front, 0 where none waits. Messages of the app itself are hidden on
 * purpose, and one that was taken before waits for another reason: neither counts.
 */
export function longestWait(messages: readonly WaitingMessage[], now: Date = new Date()): number {
  const waits = messages
    .filter(({ text, dequeueCount }) => dequeueCount === 0 && isEvent(text))
    .map(({ insertedAt }) => now.getTime() - insertedAt.getTime());
  return Math.max(0, ...waits);
}

/** What is to be said of a queue where that is too long; begins as the alert `late` expects. */
export function waitProblem(waitInMs: number, tooLongInMs = WAIT_TOO_LONG_IN_MS): string | undefined {
  if (waitInMs <= tooLongInMs) return undefined;
  return `uploads wait in the queue: the oldest for ${Math.floor(waitInMs / 60_000)} minutes`;
}

function isEvent(text: string): boolean {
  const values = readMessageValues(text);
  if ('fault' in values) return false;
  return values.some(
    (value) => typeof value !== 'object' || value === null || !isOwnMessage(value as Record<string, unknown>),
  );
}
