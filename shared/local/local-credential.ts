/**
 * A credential for services on this machine: tokens that nobody signed. The local ingestion endpoint takes them, and so does
 * Azurite with `--oauth basic`. No service in Azure would.
 */
import type { AccessToken, TokenCredential } from '@azure/identity';

const lifetimeInSeconds = 3_600;
/** Nobody's tenant; the form is what is checked. */
const tenantId = '00000000-0000-0000-0000-000000000000';

/** Gives a token for whatever audience the scope names, without asking anybody. */
export function localCredential(now: () => Date = () => new Date()): TokenCredential {
  return {
    getToken(scopes): Promise<AccessToken> {
      const scope = typeof scopes === 'string' ? scopes : (scopes[0] ?? '');
      const issuedAt = Math.floor(now().getTime() / 1000);
      const expiresAt = issuedAt + lifetimeInSeconds;
      const claims = {
        aud: scope.replace(/\/+\.default$/, ''),
        iss: `https://sts.windows.net/${tenantId}/`,
        nbf: issuedAt,
        iat: issuedAt,
        exp: expiresAt,
      };
      const token = `${encode({ alg: 'none', typ: 'JWT' })}.${encode(claims)}.${encode({})}`;
      return Promise.resolve({ token, expiresOnTimestamp: expiresAt * 1000 });
    },
  };
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part), 'utf8').toString('base64url');
}
