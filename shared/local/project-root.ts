/** The project's own folder, whose `host.json`, `rules` and `infra` the local stack uses. It runs from the sources. */
import { fileURLToPath } from 'node:url';

export const projectRoot = fileURLToPath(new URL('../../', import.meta.url));
