/**
 * Reads an object's URL from a message, and writes one. The text is hostile, so it is taken apart by hand and compared
 * as it stands: URL parsers repair what they read (backslashes, dot segments, upper case, full-width letters, `@`), and
 * each repair is a way to make a check and a request see two different places.
 *
 *   https:// account . blob|dfs . suffix  /container /object name      query and fragment are dropped
 *   http://127.0.0.1:10000 /account       /container /object name      the emulator, only where the allow-list names it
 *
 * A name is accepted only if it survives the way back into a URL unchanged, so that the object that is read is the one
 * that is named in the rows.
 */
import type { AllowList } from './allow-list.ts';
import { printable } from '../base/redact.ts';
import { blobEndpointOf } from './allow-list.ts';

export interface ObjectPlace {
  readonly account: string;
  readonly container: string;
  readonly objectName: string;
  /** At the blob endpoint, without query. */
  readonly url: string;
}

export interface UrlRefusal {
  readonly reason: 'foreignAccount' | 'notABlobEvent' | 'malformedMessage';
  readonly detail: string;
  /** What could be read; `''` where nothing could. The URL is for people: no user, query or fragment, bounded. */
  readonly place: ObjectPlace;
}

/** A blob's name has at most 1,024 characters; each may take nine in a URL (three bytes of UTF-8, percent-encoded). */
const MAX_NAME = 1_024;
const MAX_URL = 10_240;

/** Containers the service itself writes. Azure raises no events for them, and scanning its logs would make more. */
const serviceContainers = new Set(['$logs', '$blobchangefeed']);

/**
 * Finds the object a URL names. `foreignAccount`: a URL that leads anywhere but to the list. `notABlobEvent`: a container
 * of the service itself. `malformedMessage`: no URL, or a name that cannot be an object's. Never throws. O(length).
 */
export function parseObjectUrl(text: string, allow: AllowList): ObjectPlace | UrlRefusal {
  const split = splitUrl(text);
  if (typeof split === 'string') return refuse('malformedMessage', split);
  const shown = { account: '', container: '', objectName: '', url: printable(split.origin + split.path, 2_048) };
  const located = locate(split, allow);
  if (located === undefined) {
    return refuse('foreignAccount', `the URL leads to ${printable(split.origin, 120)}, which is not watched`, shown);
  }
  const known = { ...shown, account: located.account };
  const names = splitPath(located.path);
  if (typeof names === 'string') return refuse('malformedMessage', names, known);
  const { container, objectName } = names;
  const url = objectUrl({ account: located.account, container, objectName }, allow);
  if (url === undefined) return refuse('malformedMessage', 'the name has no URL', known);
  const place = { account: located.account, container, objectName, url };
  if (serviceContainers.has(container)) {
    return refuse('notABlobEvent', `container ${container} belongs to the service itself`, place);
  }
  return place;
}

/**
 * The object's URL at its blob endpoint. Undefined for an account that is not on the list, and for a name that a URL
 * cannot carry: one with a `.` or `..` segment (every client would resolve it to another object) or a lone surrogate.
 */
export function objectUrl(object: Omit<ObjectPlace, 'url'>, allow: AllowList): string | undefined {
  const endpoint = blobEndpointOf(object.account, allow);
  if (endpoint === undefined || faultOfName(object.objectName) !== undefined) return undefined;
  return `${endpoint}/${object.container}/${object.objectName.split('/').map(encodeURIComponent).join('/')}`;
}

interface SplitUrl {
  /** Scheme and authority, as they stand but for a user in front of the host. */
  readonly origin: string;
  readonly hasUser: boolean;
  /** From the first slash on, as it stands; without query and fragment. */
  readonly path: string;
}

/** Splits by hand; what is wrong as text otherwise. */
function splitUrl(text: string): SplitUrl | string {
  if (text.length > MAX_URL) return `the URL has ${text.length} characters, more than ${MAX_URL}`;
  // No producer writes these; parsers drop some of them and turn others into slashes.
  if (/[\p{Cc}\p{Cs}\\]/u.test(text)) return 'the URL holds a control character, a lone surrogate or a backslash';
  const parts = /^([a-z][a-z0-9+.-]*:\/\/)([^/?#]*)([^?#]*)/i.exec(text);
  if (parts === null) return `not a URL with a host: "${printable(text, 120)}"`;
  const [, scheme = '', authority = '', path = ''] = parts;
  const at = authority.lastIndexOf('@');
  return { origin: scheme + authority.slice(at + 1), hasUser: at >= 0, path };
}

/** The watched account a URL is in and the path behind its endpoint; undefined when it is in none. */
function locate(
  { origin, hasUser, path }: SplitUrl,
  allow: AllowList,
): { readonly account: string; readonly path: string } | undefined {
  if (hasUser) return undefined;
  if (allow.kind === 'local') {
    const { blobEndpoint, account } = allow;
    const whole = origin + path;
    return whole.startsWith(`${blobEndpoint}/`) ? { account, path: whole.slice(blobEndpoint.length) } : undefined;
  }
  // An exact comparison with what the list would make, so that no clever text can be read in two ways.
  const account = /^https:\/\/([a-z0-9]{3,24})\./.exec(origin)?.[1];
  if (account === undefined || !allow.accounts.has(account)) return undefined;
  const services = ['blob', 'dfs'].map((service) => `https://${account}.${service}.${allow.suffix}`);
  return services.includes(origin) ? { account, path } : undefined;
}

/** Container and decoded name of `/container/name`; `/name` alone is in the root container. What is wrong otherwise. */
function splitPath(path: string): { readonly container: string; readonly objectName: string } | string {
  const slash = path.indexOf('/', 1);
  const container = slash < 0 ? '$root' : path.slice(1, slash);
  if (!isContainerName(container)) return `"${printable(container, 80)}" is no name of a container`;
  let objectName: string;
  try {
    objectName = decodeURIComponent(slash < 0 ? path.slice(1) : path.slice(slash + 1));
  } catch {
    return 'the URL has a percent sign that encodes no character';
  }
  return faultOfName(objectName) ?? { container, objectName };
}

function isContainerName(name: string): boolean {
  return /^(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*$/.test(name) || /^\$(root|web|logs|blobchangefeed)$/.test(name);
}

function faultOfName(name: string): string | undefined {
  if (name === '') return 'the URL names no object';
  if (name.length > MAX_NAME) return `the object's name has ${name.length} characters, more than ${MAX_NAME}`;
  if (/[\p{Cc}\p{Cs}]/u.test(name)) return "the object's name holds a control character or a lone surrogate";
  const isDotted = name.split('/').some((segment) => segment === '.' || segment === '..');
  return isDotted ? "the object's name has a segment of dots, which leads to another object" : undefined;
}

function refuse(reason: UrlRefusal['reason'], detail: string, place?: ObjectPlace): UrlRefusal {
  return { reason, detail, place: place ?? { account: '', container: '', objectName: '', url: '' } };
}
