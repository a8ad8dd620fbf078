/**
 * Which hosts are this machine itself. Keys, plain http and self-signed certificates are accepted towards these and
 * towards nothing else, so the question is answered in one place. Names are judged as they stand and never resolved.
 */

/**
 * Whether a host name, as `URL.hostname` gives it, is `localhost`, an address of 127.0.0.0/8 or `[::1]`.
 * `localhost.` and `foo.localhost` are not: nobody needs them, and resolvers disagree about them.
 */
export function isLoopbackHost(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}
