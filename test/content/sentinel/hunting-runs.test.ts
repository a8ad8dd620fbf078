/** Hunting queries and functions, run on rows: a hit, a near miss and a duplicate each. */
import { describe, expect, it } from 'vitest';
import { blobRead, connection, finding, firewallEvent, minutesAgo, run, runNamed, scan } from './sample-rows.ts';
import type { Sample } from './sample-rows.ts';

const day = 24 * 60;

describe('EQGRP callback address in network events and stored objects', () => {
  const hunt = (rows: Parameters<typeof runNamed>[1]) =>
    runNamed('EQGRP callback address in network events and stored objects', rows);

  it('finds the address in all three tables, each machine or object once', () => {
    const rows = hunt({
      DeviceNetworkEvents: [connection(), connection({ RemotePort: 443 })],
      CommonSecurityLog: [firewallEvent(), firewallEvent()],
      SluiceFindings_CL: [finding(), finding({ AttemptId: 'attempt-2' })],
    });
    expect(rows.map(({ Source, Machine, Count }) => [Source, Machine, Count]).sort()).toEqual([
      ['CommonSecurityLog', '10.0.0.8', 2],
      ['DeviceNetworkEvents', 'pc7.contoso.example', 2],
      ['SluiceFindings', 'contoso', 1],
    ]);
    expect(rows.every(({ HasCallbackPort }) => HasCallbackPort === true)).toBe(true);
  });

  it('finds it in the evidence of another rule, not in part of another address', () => {
    const evidence = (excerpt: string) => [{ pattern: '$a', offset: 0, length: 16, excerpt }];
    const objects = (excerpt: string) =>
      hunt({ SluiceFindings_CL: [finding({ Rule: 'Other', Evidence: evidence(excerpt) })] });
    expect(objects('udp 30.40.50.60:9342')).toHaveLength(1);
    expect(objects('130.40.50.60:9342')).toEqual([]);
    expect(hunt({ DeviceNetworkEvents: [connection({ RemoteIP: '30.40.50.6' })] })).toEqual([]);
  });

  it('leaves out what the exclusions name', () => {
    const backup = connection({ InitiatingProcessFileName: 'VeeamAgent.exe' });
    expect(hunt({ DeviceNetworkEvents: [backup] })).toEqual([]);
  });
});

describe('Who read an object that matches', () => {
  const hunt = (findings: readonly Sample[], reads: readonly Sample[]) =>
    runNamed('Who read an object that matches', { SluiceFindings_CL: findings, StorageBlobLogs: reads });

  it('finds reads of the object since its upload, gathered by reader', () => {
    const reads = [blobRead({}, 3), blobRead({}, 1), blobRead({ CallerIpAddress: '[2001:db8::9]:1' }, 1)];
    expect(hunt([finding(), finding({ Rule: 'Other', FindingId: '2' })], reads)).toMatchObject([
      { ReaderIp: '198.51.100.9', Reads: 2, Bytes: 122, Rules: 'EQGRP_callbacks, Other', WasBeforeFinding: true },
      { ReaderIp: '2001:db8::9', Reads: 1, WasBeforeFinding: false },
    ]);
  });

  it('does not take for it what reads another object, came before the upload, or only writes', () => {
    const misses = [
      blobRead({ ObjectKey: '/contoso/uploads/in/a.conf.bak' }),
      blobRead({ TimeGenerated: minutesAgo(5) }),
      blobRead({ OperationName: 'GetBlobProperties' }),
    ];
    expect(hunt([finding()], misses)).toEqual([]);
    expect(hunt([finding({ Exclusion: 'backup' })], [blobRead()])).toEqual([]);
  });

  it('shows what says it is the scanner, behind all others', () => {
    const reads = [blobRead({ UserAgentHeader: 'sluice azsdk-js' }, 0), blobRead()];
    expect(hunt([finding()], reads).map(({ SaysItIsTheScanner }) => SaysItIsTheScanner)).toEqual([false, true]);
  });
});

describe('Rules that hardly ever match', () => {
  const hunt = (findings: readonly Sample[]) =>
    runNamed('Rules that hardly ever match', { SluiceFindings_CL: findings });
  const objects = (count: number): Sample[] =>
    Array.from({ length: count }, (_, index) => finding({ FindingId: `f${index}`, Sha256: `${index}` }));

  it('finds a rule of three objects, not one of four', () => {
    expect(hunt(objects(3))).toMatchObject([{ Rule: 'EQGRP_callbacks', Objects: 3, Findings: 3 }]);
    expect(hunt(objects(4))).toEqual([]);
  });

  it('takes copies of one file for one object, and one row for another of itself', () => {
    const copies = [...objects(3), finding({ FindingId: 'x', Sha256: '0' }), finding({ FindingId: 'f1', Sha256: '1' })];
    expect(hunt(copies)).toMatchObject([{ Objects: 3, Findings: 4 }]);
  });

  it('asks for a match within the week', () => {
    expect(hunt([finding({}, 8 * day)])).toEqual([]);
    expect(hunt([finding({}, 6 * day)])).toHaveLength(1);
    expect(
      hunt([...objects(4).map(({ row }) => finding({ ...row, TimeGenerated: minutesAgo(31 * day) })), finding()]),
    ).toMatchObject([{ Objects: 1 }]);
  });
});

describe('The same matching bytes in several accounts', () => {
  const hunt = (findings: readonly Sample[]) =>
    runNamed('The same matching bytes in several accounts', { SluiceFindings_CL: findings });
  const copy = finding({
    FindingId: '2',
    Account: 'fabrikam',
    BlobUrl: 'https://fabrikam/a',
    EventTime: minutesAgo(10),
  });

  it('finds one hash in two accounts, in the order of arrival', () => {
    expect(hunt([finding(), copy])).toMatchObject([
      { Accounts: 2, Objects: 2, Path: ['fabrikam/uploads', 'contoso/uploads'], Sha256: 'aa'.repeat(32) },
    ]);
  });

  it('does not find two hashes, one account, or what is excluded or of unknown hash', () => {
    const given = (change: object) => finding({ ...copy.row, ...change });
    expect(hunt([finding(), given({ Sha256: 'bb' })])).toEqual([]);
    expect(hunt([finding(), given({ Account: 'contoso' })])).toEqual([]);
    expect(hunt([finding(), given({ Exclusion: 'backup' })])).toEqual([]);
    expect(hunt([finding({ Sha256: '' }), given({ Sha256: '' })])).toEqual([]);
  });

  it('counts an object once, though its row came twice', () => {
    expect(hunt([finding(), finding(), copy])).toMatchObject([{ Objects: 2, Path: { length: 2 } }]);
  });
});

describe('What exclusions hide', () => {
  const hunt = (findings: readonly Sample[]) => runNamed('What exclusions hide', { SluiceFindings_CL: findings });
  const excluded = { Exclusion: 'cloud-backup-service', ExclusionBasis: 'claimed' };

  it('counts by exclusion what is marked, once, and what of it is of the last week', () => {
    const rows = [
      finding(excluded),
      finding(excluded),
      finding({ ...excluded, FindingId: '2' }, 10 * day),
      finding({ FindingId: '3' }),
    ];
    expect(hunt(rows)).toMatchObject([
      { Exclusion: 'cloud-backup-service', Findings: 2, LastWeek: 1, IsOnTheUploadersWord: true },
    ]);
  });

  it('knows nothing of a canary', () => {
    expect(hunt([finding({ ...excluded, Canary: true })])).toEqual([]);
  });
});

describe('SluiceFindings()', () => {
  it('gives each finding once, as it was sent last', () => {
    const rows = [finding({ Exclusion: '' }, 1), finding({ Exclusion: 'backup' }, 9), finding({ FindingId: '2' })];
    expect(
      run('SluiceFindings() | project FindingId, Exclusion | order by FindingId asc', { SluiceFindings_CL: rows }),
    ).toEqual([
      { FindingId: '2', Exclusion: '' },
      { FindingId: 'finding-1', Exclusion: '' },
    ]);
  });
});

describe('SluiceScans()', () => {
  const verdicts = (rows: readonly Sample[]) =>
    run('SluiceScans() | project ScanId, Verdict, AttemptId | order by ScanId asc', { SluiceScans_CL: rows });

  it('lets a late failure not hide a match', () => {
    const failed = scan({ Verdict: 'failed', VerdictRank: 1, AttemptId: '2' }, 0);
    expect(verdicts([scan({}, 30), failed])).toMatchObject([{ Verdict: 'match' }]);
    expect(verdicts([failed, scan({}, 30)])).toMatchObject([{ Verdict: 'match' }]);
  });

  it('gives the last of several rows of one rank, and every other scan', () => {
    const clean = { Verdict: 'clean', VerdictRank: 3 };
    const rows = [
      scan({ ...clean, AttemptId: 'new' }, 1),
      scan({ ...clean, AttemptId: 'old' }, 9),
      scan({ ScanId: 'scan-2' }),
    ];
    expect(verdicts(rows)).toMatchObject([{ AttemptId: 'new' }, { ScanId: 'scan-2', Verdict: 'match' }]);
  });
});

describe('vimAlertEventSluice()', () => {
  const alerts = (call: string, findings: readonly Sample[]) => run(call, { SluiceFindings_CL: findings });

  it('gives a finding as an alert event, once', () => {
    expect(alerts('vimAlertEventSluice()', [finding(), finding({ AttemptId: '2' })])).toMatchObject([
      {
        EventType: 'Alert',
        EventSchema: 'AlertEvent',
        EventUid: 'finding-1',
        AlertId: 'finding-1',
        EventSeverity: 'High',
        AlertVerdict: 'Unknown',
        AlertStatus: 'Active',
        RuleName: 'EQGRP_callbacks',
        FileName: 'a.conf',
        FileSHA256: 'aa'.repeat(32),
        ThreatRiskLevel: 80,
        EventStartTime: '2026-11-24T09:56:00.0000000Z',
        AdditionalFields: {},
      },
    ]);
    expect(alerts('ASimAlertEventSluice()', [finding()])).toEqual(alerts('vimAlertEventSluice()', [finding()]));
    expect(alerts('vimAlertEventSluice(pack=true)', [finding()])[0]?.['AdditionalFields']).toMatchObject({
      ETag: '0x8DC1',
    });
  });

  it('takes an excluded finding for a benign one that is closed', () => {
    const rows = alerts('vimAlertEventSluice()', [finding({ Exclusion: 'backup', ExclusionBasis: 'trusted' })]);
    expect(rows).toMatchObject([{ AlertVerdict: 'Benign Positive', AlertStatus: 'Closed', ThreatIsActive: false }]);
  });

  it.each([
    ['starttime=datetime(2026-11-24 09:57)', 'starttime=datetime(2026-11-24 09:58)'],
    ['endtime=datetime(2026-11-24 09:57)', 'endtime=datetime(2026-11-24 09:56)'],
    ['hostname_has_any=dynamic(["contoso"])', 'hostname_has_any=dynamic(["fabrikam"])'],
    ['threatcategory_has_any=dynamic(["malware"])', 'threatcategory_has_any=dynamic(["spam"])'],
    ['alertverdict_has_any=dynamic(["Unknown"])', 'alertverdict_has_any=dynamic(["True Positive"])'],
    ['attacktactics_has_any=dynamic(["Resource Development"])', 'attacktactics_has_any=dynamic(["Impact"])'],
    ['attacktechniques_has_any=dynamic(["T1608"])', 'attacktechniques_has_any=dynamic(["T1486"])'],
    ['eventseverity_has_any=dynamic(["High"])', 'eventseverity_has_any=dynamic(["Low"])'],
    ['pack=false', 'disabled=true'],
    ['pack=false', 'username_has_any=dynamic(["eve"])'],
    ['pack=false', 'ipaddr_has_any_prefix=dynamic(["10."])'],
  ])('keeps a finding with %s and drops it with %s', (kept, dropped) => {
    expect(alerts(`vimAlertEventSluice(${kept})`, [finding()])).toHaveLength(1);
    expect(alerts(`vimAlertEventSluice(${dropped})`, [finding()])).toEqual([]);
  });

  it('knows nothing of canaries', () => {
    expect(alerts('vimAlertEventSluice()', [finding({ Canary: true })])).toEqual([]);
  });
});
