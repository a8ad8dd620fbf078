/** What of Application Insights takes telemetry in, over TLS: POST /v2.1/track with gzipped envelopes and a token. */
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { createLocalCertificate } from '../../../shared/local/local-certificate.ts';

export interface Envelope {
  readonly name: string;
  readonly iKey: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly data: { readonly baseType: string; readonly baseData: Readonly<Record<string, unknown>> };
}

export interface TrackEndpoint {
  readonly connectionString: string;
  readonly certificatePem: string;
  readonly envelopes: Envelope[];
  /** Authorization headers, and what was wrong with requests. */
  readonly authorizations: (string | undefined)[];
  readonly problems: string[];
  /** Answered from now on; 200 takes everything. */
  status: number;
  close(): Promise<void>;
}

export const instrumentationKey = '11111111-2222-3333-4444-555555555555';

export async function startTrackEndpoint(): Promise<TrackEndpoint> {
  const { certificatePem, privateKeyPem } = await createLocalCertificate();
  const endpoint = { status: 200, envelopes: [], authorizations: [], problems: [] } as unknown as TrackEndpoint;
  const server = createServer({ cert: certificatePem, key: privateKeyPem }, (request, response) => {
    void (async () => {
      const body = await buffer(request);
      if (request.method !== 'POST' || request.url !== '/v2.1/track') {
        endpoint.problems.push(`${request.method ?? ''} ${request.url ?? ''}`);
      }
      endpoint.authorizations.push(request.headers.authorization);
      const text = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString('utf8');
      const envelopes = JSON.parse(text) as Envelope[];
      if (endpoint.status === 200) endpoint.envelopes.push(...envelopes);
      const answer = { itemsReceived: envelopes.length, itemsAccepted: envelopes.length, errors: [] };
      response.writeHead(endpoint.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return Object.assign(endpoint, {
    certificatePem,
    connectionString: `InstrumentationKey=${instrumentationKey};IngestionEndpoint=https://127.0.0.1:${port}/`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  });
}
