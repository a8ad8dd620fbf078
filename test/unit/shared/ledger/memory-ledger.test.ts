import { expect, it } from 'vitest';
import { MemoryLedger } from '../../../../shared/ledger/memory-ledger.ts';
import { claimOf, clean, describeLedger, identity } from './ledger-contract.ts';

describeLedger('MemoryLedger', (now) => new MemoryLedger({ now }), { runs: 100 });

it('forgets the entry that was changed longest ago once it is full', async () => {
  const ledger = new MemoryLedger({ capacity: 2 });
  const object = identity();
  await ledger.claim(object, 'one', claimOf('a'));
  await ledger.claim(object, 'two', claimOf('a'));
  await ledger.finish(object, 'one', 'a', clean);
  await ledger.claim(object, 'three', claimOf('a'));
  const known = await Promise.all(['one', 'two', 'three'].map(async (id) => (await ledger.find(object, id))?.state));
  expect(known).toEqual(['done', undefined, 'running']);
});
