/** The fixtures, the allow-list they pass, and events made to order from one of them. */
import { readFileSync } from 'node:fs';
import type { AllowList } from '../../../../shared/events/allow-list.ts';
import type { RefusedRequest, ScanRequest, QueueRequest } from '../../../../shared/events/scan-request.ts';

export const allow: AllowList = {
  kind: 'azure',
  accounts: new Set(['contosouploads', 'contosolake']),
  suffix: 'core.windows.net',
};

export const allowLocal: AllowList = {
  kind: 'local',
  account: 'devstoreaccount1',
  blobEndpoint: 'http://127.0.0.1:41000/devstoreaccount1',
};

export function fixtureText(name: string): string {
  return readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), 'utf8');
}

export function fixture(name: string): unknown {
  return JSON.parse(fixtureText(name));
}

/** A BlobCreated CloudEvent with other data, and other fields around it. */
export function blobCreated(
  data: Record<string, unknown>,
  envelope: Record<string, unknown> = {},
): Record<string, unknown> {
  const event = fixture('blob-created.cloud-event') as Record<string, unknown>;
  return { ...event, data: { ...(event.data as object), ...data }, ...envelope };
}

export function onlyScan(requests: readonly QueueRequest[]): ScanRequest {
  const [request] = requests;
  if (requests.length !== 1 || request?.kind !== 'scan') throw new Error(`not one scan: ${JSON.stringify(requests)}`);
  return request;
}

export function onlyRefusal(requests: readonly QueueRequest[]): RefusedRequest {
  const [request] = requests;
  if (requests.length !== 1 || request?.kind !== 'refused')
    throw new Error(`not one refusal: ${JSON.stringify(requests)}`);
  return request;
}
