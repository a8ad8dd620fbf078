/**
 * The one connection string that is ever accepted: that of a storage emulator on this machine. It holds a key, so every
 * endpoint in it must be loopback and written out; anything that could lead elsewhere is refused, with the reason.
 */
import { isLoopbackHost } from './loopback.ts';

export interface LocalConnection {
  readonly connectionString: string;
  readonly accountName: string;
  /** Path-style URLs with the account's name and no slash at the end, such as `http://127.0.0.1:10000/devstoreaccount1`. */
  readonly blobEndpoint: string;
  readonly queueEndpoint: string;
  readonly tableEndpoint: string;
}

/** The emulator's account and key, the same on every machine and printed in its documentation. */
const developmentStorage = [
  'DefaultEndpointsProtocol=http',
  'AccountName=devstoreaccount1',
  'AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==',
  'BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1',
  'QueueEndpoint=http://127.0.0.1:10001/devstoreaccount1',
  'TableEndpoint=http://127.0.0.1:10002/devstoreaccount1',
].join(';');

const endpointNames = ['BlobEndpoint', 'QueueEndpoint', 'TableEndpoint'] as const;
const allowedNames = new Set<string>(['DefaultEndpointsProtocol', 'AccountName', 'AccountKey', ...endpointNames]);

/**
 * Reads `Name=value;…`, or the shorthand `UseDevelopmentStorage=true`. Returns what is wrong as text where the string is
 * not wholly local; the text never holds a value from the string but a host name. Never throws.
 */
export function parseLocalConnection(text: string): LocalConnection | { readonly fault: string } {
  const connectionString = /^UseDevelopmentStorage=true;?$/i.test(text) ? developmentStorage : text;
  const parts = splitParts(connectionString);
  if ('fault' in parts) return parts;
  const accountName = parts.values.get('AccountName');
  if (accountName === undefined || !/^[a-z0-9]{3,24}$/.test(accountName)) {
    return { fault: 'AccountName is missing, or is not 3-24 lower-case letters and digits' };
  }
  if (!parts.values.has('AccountKey')) return { fault: 'AccountKey is missing' };
  const endpoints = new Map<string, string>();
  for (const name of endpointNames) {
    const endpoint = readEndpoint(name, parts.values.get(name), accountName);
    if (typeof endpoint !== 'string') return endpoint;
    endpoints.set(name, endpoint);
  }
  return {
    connectionString,
    accountName,
    blobEndpoint: endpoints.get('BlobEndpoint')!,
    queueEndpoint: endpoints.get('QueueEndpoint')!,
    tableEndpoint: endpoints.get('TableEndpoint')!,
  };
}

function splitParts(text: string): { readonly values: ReadonlyMap<string, string> } | { readonly fault: string } {
  const values = new Map<string, string>();
  for (const part of text.split(';')) {
    if (part.trim() === '') continue;
    const equals = part.indexOf('=');
    if (equals < 1) return { fault: 'it is not a list of Name=value parts joined by semicolons' };
    const name = part.slice(0, equals).trim();
    // Unknown parts are refused and not passed over: a client may read them (EndpointSuffix, secondary endpoints).
    if (!allowedNames.has(name))
      return { fault: `the part ${/^\w{1,40}$/.test(name) ? name : '(unreadable)'} is not allowed` };
    if (values.has(name)) return { fault: `${name} stands there twice` };
    values.set(name, part.slice(equals + 1).trim());
  }
  return { values };
}

function readEndpoint(
  name: string,
  text: string | undefined,
  accountName: string,
): string | { readonly fault: string } {
  // Without it a client would derive a public host from the account's name.
  if (text === undefined || text === '') return { fault: `${name} is missing` };
  if (!URL.canParse(text)) return { fault: `${name} is not a URL` };
  const url = new URL(text);
  if (!isLoopbackHost(url.hostname)) return { fault: `${name} leads to ${url.hostname}, which is not this machine` };
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return { fault: `${name} is neither http nor https` };
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    return { fault: `${name} holds more than scheme, host, port and account` };
  }
  if (url.pathname.replace(/\/$/, '') !== `/${accountName}`)
    return { fault: `${name} does not end in /${accountName}` };
  return `${url.origin}/${accountName}`;
}
