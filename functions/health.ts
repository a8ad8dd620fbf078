/**
 * Says whether the scanner is in order: 200 or 503, and one word. Anonymous, because a key would be a secret to keep and this app has
 * none: so it tells nothing else, changes nothing, and costs at most a few requests a quarter of a minute however often it is asked.
 * What is wrong stands in the log. Registration only: the work is `shared/scanner/check-health.ts`.
 */
import { app } from '@azure/functions';
import type { HttpResponseInit } from '@azure/functions';
import { getSharedApp } from '../shared/app.ts';

/** Never rejects: an app that cannot even begin is not in order. */
export async function answerHealth(): Promise<HttpResponseInit> {
  const health = await getSharedApp()
    .then(({ checkHealth }) => checkHealth())
    .catch(() => ({ isOk: false }));
  return {
    status: health.isOk ? 200 : 503,
    headers: { 'cache-control': 'no-store' },
    jsonBody: { status: health.isOk ? 'ok' : 'degraded' },
  };
}

app.http('health', { methods: ['GET', 'HEAD'], authLevel: 'anonymous', route: 'health', handler: answerHealth });
