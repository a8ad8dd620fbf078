/**
 * Which hosts a credential may ever be sent to. It is made from the settings alone; nothing in a message adds to it. In
 * Azure these are the blob and dfs hosts of the watched accounts, over https on the default port; in local use it is the
 * emulator's one endpoint and nothing else, since its key is the only credential there.
 */
import type { Config } from '../base/config.ts';

export type AllowList =
  | {
      readonly kind: 'azure';
      readonly accounts: ReadonlySet<string>;
      /** The cloud's storage domain, such as `core.windows.net`. */
      readonly suffix: string;
    }
  | {
      readonly kind: 'local';
      readonly account: string;
      /** Path-style blob endpoint on this machine, without a slash at the end. */
      readonly blobEndpoint: string;
    };

/** The allow-list these settings stand for. */
export function allowListOf({
  accounts,
  storageSuffix,
  state,
}: Pick<Config, 'accounts' | 'storageSuffix' | 'state'>): AllowList {
  return state.kind === 'local'
    ? { kind: 'local', account: state.accountName, blobEndpoint: state.blobEndpoint }
    : { kind: 'azure', accounts: new Set(accounts), suffix: storageSuffix };
}

/** Blob endpoint of an account on the list, without a slash at the end; undefined for any other account. */
export function blobEndpointOf(account: string, allow: AllowList): string | undefined {
  if (allow.kind === 'local') return account === allow.account ? allow.blobEndpoint : undefined;
  return allow.accounts.has(account) ? `https://${account}.blob.${allow.suffix}` : undefined;
}
