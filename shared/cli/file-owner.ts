/**
 * The name of a file's owner, for the external `owner`. Node knows only the name of the user it runs as; the others are read
 * from `/etc/passwd`, so accounts of a directory service stay numbers.
 */
import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';

export class OwnerNames {
  #names: ReadonlyMap<number, string> | undefined;

  /** The name, or the number as text; empty on systems without such numbers. Never throws. */
  nameOf(userId: number): string {
    if (process.platform === 'win32') return '';
    this.#names ??= readNames();
    return this.#names.get(userId) ?? String(userId);
  }
}

function readNames(): Map<number, string> {
  const names = new Map<number, string>();
  try {
    const { uid, username } = userInfo();
    names.set(uid, username);
    for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
      const [name, , id] = line.split(':');
      // The first of several names for one number is the one that tools show.
      if (name !== undefined && id !== undefined && /^\d+$/.test(id) && !names.has(Number(id)))
        names.set(Number(id), name);
    }
  } catch {
    // No such file, or a user without a name: numbers it is.
  }
  return names;
}
