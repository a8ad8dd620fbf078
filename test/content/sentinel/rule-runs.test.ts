/** The analytics rules, run on rows: what each raises, what it just does not, and what it raises once though it comes twice. */
import { describe, expect, it } from 'vitest';
import { blobWrite, connection, finding, firewallEvent, minutesAgo, runNamed, scan } from './sample-rows.ts';
import type { Rows, Sample } from './sample-rows.ts';

describe('Malicious object uploaded to storage', () => {
  const raise = (findings: readonly Sample[], others: Rows = {}) =>
    runNamed('Malicious object uploaded to storage', { SluiceFindings_CL: findings, ...others });

  it('raises a finding with its severity, file, hash and first match', () => {
    expect(raise([finding()])).toMatchObject([
      {
        AlertSeverity: 'High',
        Rule: 'EQGRP_callbacks',
        Description: 'Callback addresses',
        FirstMatch: '$s1 at offset 25',
        FileName: 'a.conf',
        FileDirectory: '/uploads/in/',
        HashAlgorithm: 'SHA256',
        Sha256: 'aa'.repeat(32),
        UploaderIp: '',
        UploaderObjectId: '',
      },
    ]);
  });

  it('names the uploader where StorageBlobLogs knows the very write', () => {
    const uploader = {
      UploaderIp: '203.0.113.7',
      UploaderName: 'eve',
      UploaderDomain: 'contoso.example',
      UploaderAuthentication: 'OAuth',
      UploaderAgent: 'azcopy/10',
    };
    expect(raise([finding()], { StorageBlobLogs: [blobWrite()] })).toMatchObject([uploader]);
    // Another version, another account, or no write of content.
    for (const other of [{ Etag: '"0x8DC2"' }, { AccountName: 'fabrikam' }, { OperationName: 'SetBlobTags' }]) {
      expect(raise([finding()], { StorageBlobLogs: [blobWrite(other)] })).toMatchObject([{ UploaderIp: '' }]);
    }
    expect(raise([finding()], { StorageBlobLogs: [blobWrite(), blobWrite()] })).toHaveLength(1);
  });

  it.each([
    ['203.0.113.7:50123', '203.0.113.7'],
    ['203.0.113.7', '203.0.113.7'],
    ['[2001:db8::7]:50123', '2001:db8::7'],
    ['[2001:db8::7]', '2001:db8::7'],
    ['2001:db8::7', '2001:db8::7'],
    ['', ''],
  ])('takes the address out of %j', (CallerIpAddress, address) => {
    const rows = raise([finding()], { StorageBlobLogs: [blobWrite({ CallerIpAddress })] });
    expect(rows).toMatchObject([{ UploaderIp: address }]);
  });

  it.each([
    ['a.bin', 'a.bin', '/uploads/'],
    ['in/deep/a.bin', 'a.bin', '/uploads/in/deep/'],
    ['in/folder/', 'folder', '/uploads/in/'],
    ['in/line\nfeed/a.bin', 'a.bin', '/uploads/in/line\nfeed/'],
    ['//', '//', '/uploads/'],
  ])('parts the name %j into file and folder', (ObjectName, FileName, FileDirectory) => {
    expect(raise([finding({ ObjectName })])).toMatchObject([{ FileName, FileDirectory }]);
  });

  it('leaves out canaries and what a trusted exclusion covers; what only the uploader vouches for is Informational', () => {
    expect(raise([finding({ Canary: true })])).toEqual([]);
    expect(raise([finding({ Exclusion: 'backup', ExclusionBasis: 'trusted' })])).toEqual([]);
    const claimed = finding({ Exclusion: 'backup', ExclusionBasis: 'claimed' });
    expect(raise([claimed])).toMatchObject([{ AlertSeverity: 'Informational' }]);
  });

  it('takes a severity that nobody knows for Medium', () => {
    expect(raise([finding({ Severity: 'Critical' })])).toMatchObject([{ AlertSeverity: 'Medium' }]);
  });

  it('raises a finding once, though its row comes twice or came before', () => {
    expect(raise([finding(), finding({ AttemptId: 'attempt-2' })])).toHaveLength(1);
    expect(raise([finding(), finding({}, 30)])).toEqual([]);
    expect(raise([finding({}, 6)])).toEqual([]);
  });

  it('raises it again when its exclusion was withdrawn', () => {
    const before = finding({ Exclusion: 'backup', ExclusionBasis: 'claimed' }, 30);
    expect(raise([before, finding()])).toMatchObject([{ AlertSeverity: 'High' }]);
  });

  it('takes a row at the very start of its window in the next run, not in both', () => {
    expect(raise([finding({}, 5)])).toEqual([]);
    expect(raise([finding({}, 0)])).toHaveLength(1);
    expect(raise([finding({}, -1)])).toEqual([]);
  });
});

describe('Connection to the EQGRP callback address', () => {
  const raise = (rows: Rows) => runNamed('Connection to the EQGRP callback address', rows);

  it('raises what Defender for Endpoint and a firewall have seen, each machine once', () => {
    const rows = raise({
      DeviceNetworkEvents: [connection(), connection()],
      CommonSecurityLog: [firewallEvent()],
    });
    expect(rows).toMatchObject([
      { Machine: 'pc7', SourceIp: '10.0.0.7', Process: 'implant.exe', Connections: 2, AlertSeverity: 'Medium' },
      { Machine: '10.0.0.8', Source: 'CommonSecurityLog', Connections: 1, Outcomes: 'allow' },
    ]);
  });

  it('is High where a stored object holds the address, whose finding no trusted exclusion covers', () => {
    const severity = (given: object) =>
      raise({ DeviceNetworkEvents: [connection()], SluiceFindings_CL: [finding({ ...given })] })[0]?.['AlertSeverity'];
    expect(severity({})).toBe('High');
    expect(severity({ Rule: 'EICAR_test_file' })).toBe('Medium');
    expect(severity({ Exclusion: 'backup', ExclusionBasis: 'trusted' })).toBe('Medium');
  });

  it('asks for address and port, and for what came in since the last run', () => {
    const misses = [connection({ RemotePort: 443 }), connection({ RemoteIP: '30.40.50.61' }), connection({}, 6)];
    expect(raise({ DeviceNetworkEvents: misses, CommonSecurityLog: [firewallEvent({ DestinationPort: 80 })] })).toEqual(
      [],
    );
  });

  it.each([
    [
      'maintenance',
      { InitiatingProcessFileName: 'Maintenance_Script.exe', InitiatingProcessParentFileName: 'svchost.exe' },
    ],
    ['remote management', { InitiatingProcessFileName: 'MsMpEng.exe' }],
    [
      'log collection',
      {
        InitiatingProcessFileName: 'splunkd.exe',
        InitiatingProcessFolderPath: 'C:\\Program Files\\SplunkUniversalForwarder\\bin\\splunkd.exe',
      },
    ],
    [
      'software updates',
      {
        InitiatingProcessFileName: 'svchost.exe',
        InitiatingProcessCommandLine: 'svchost.exe -k netsvcs -p -s wuauserv',
      },
    ],
    ['cloud backup', { InitiatingProcessFileName: 'cvd.exe' }],
  ])('leaves out the process that the exclusion for %s names', (_, process) => {
    expect(raise({ DeviceNetworkEvents: [connection(process)] })).toEqual([]);
  });

  it('does not leave out what only looks like an excluded process', () => {
    const splunk = { InitiatingProcessFileName: 'splunkd.exe', InitiatingProcessFolderPath: 'C:\\Temp\\splunkd.exe' };
    const maintenance = { InitiatingProcessFileName: 'maintenance_script.exe' };
    expect(raise({ DeviceNetworkEvents: [connection(splunk), connection(maintenance)] })).toHaveLength(2);
  });
});

describe('One caller uploads many matching objects', () => {
  const raise = (rows: Rows) => runNamed('One caller uploads many matching objects', rows);
  const objects = (count: number, given: object = {}, ingestedMinutesAgo = 2): Sample[] =>
    Array.from({ length: count }, (_, index) =>
      finding(
        {
          FindingId: `f${ingestedMinutesAgo}-${index}`,
          BlobUrl: `https://contoso/${ingestedMinutesAgo}/${index}`,
          ETag: `e${ingestedMinutesAgo}-${index}`,
          ...given,
        },
        ingestedMinutesAgo,
      ),
    );
  const writes = (count: number, given: object = {}): Sample[] =>
    Array.from({ length: count }, (_, index) => blobWrite({ Etag: `"e2-${index}"`, ...given }));

  it('raises the tenth object of one caller, with who it is', () => {
    expect(raise({ SluiceFindings_CL: objects(10), StorageBlobLogs: writes(10) })).toMatchObject([
      { Caller: '11111111-1111-1111-1111-111111111111', CallerIp: '203.0.113.7', Objects: 10, AlertSeverity: 'High' },
    ]);
  });

  it('takes the account for the caller where nothing is logged, and the address where nobody signed in', () => {
    expect(raise({ SluiceFindings_CL: objects(10) })).toMatchObject([{ Caller: 'unknown caller of contoso' }]);
    const anonymous = writes(10, { RequesterObjectId: '' });
    expect(raise({ SluiceFindings_CL: objects(10), StorageBlobLogs: anonymous })).toMatchObject([
      { Caller: '203.0.113.7' },
    ]);
  });

  it('does not raise nine, nor ten of which one is a copy, excluded, a canary or older than an hour', () => {
    expect(raise({ SluiceFindings_CL: objects(9) })).toEqual([]);
    const nine = objects(9);
    const tenth = [
      finding({ BlobUrl: 'https://contoso/2/0', Rule: 'Other', FindingId: 'x' }),
      finding({ BlobUrl: 'https://contoso/x', Exclusion: 'backup', ExclusionBasis: 'claimed' }),
      finding({ BlobUrl: 'https://contoso/x', Canary: true }),
      finding({ BlobUrl: 'https://contoso/x' }, 62),
    ];
    for (const one of tenth) expect(raise({ SluiceFindings_CL: [...nine, one] })).toEqual([]);
  });

  it('does not add up what several callers uploaded', () => {
    const both = [...writes(5), ...writes(10, { RequesterObjectId: 'other' }).slice(5)];
    expect(raise({ SluiceFindings_CL: objects(10), StorageBlobLogs: both })).toEqual([]);
  });

  it('is not raised again while the hour lasts', () => {
    expect(raise({ SluiceFindings_CL: [...objects(10, {}, 20), ...objects(3)] })).toEqual([]);
    expect(raise({ SluiceFindings_CL: [...objects(9, {}, 20), ...objects(1)] })).toHaveLength(1);
  });
});

describe('Scanner is silent', () => {
  const raise = (scans: readonly Sample[]) => runNamed('Scanner is silent', { SluiceScans_CL: scans });
  const canary = (minutes: number, given: object = {}): Sample => scan({ Canary: true, ...given }, minutes);

  it('raises a canary that has not come for an hour', () => {
    expect(raise([canary(70), canary(90)])).toMatchObject([
      {
        AlertSeverity: 'High',
        Problem: 'no canary has arrived',
        LastCanary: expect.stringContaining('08:49') as string,
      },
    ]);
  });

  it('raises a canary that comes and is not found', () => {
    expect(raise([canary(70), canary(5, { Verdict: 'clean', VerdictRank: 3 })])).toMatchObject([
      { Problem: 'the canary arrives but is not found', LastVerdict: 'clean' },
    ]);
  });

  it('does not raise while canaries come, nor where there never was one', () => {
    expect(raise([canary(5), canary(90)])).toEqual([]);
    expect(raise([scan({}, 90)])).toEqual([]);
    expect(raise([])).toEqual([]);
  });

  it('does not take the scan of an object for a canary', () => {
    expect(raise([canary(70), scan({}, 5)])).toHaveLength(1);
  });
});

describe('Scanner does not see everything', () => {
  const raise = (scans: readonly Sample[]) => runNamed('Scanner does not see everything', { SluiceScans_CL: scans });
  const failed = { Verdict: 'failed', VerdictRank: 1, Reason: 'poison' };

  it.each([
    ['not scanned', 'Medium', failed],
    ['not wholly scanned', 'Medium', { Verdict: 'incomplete', VerdictRank: 2, Reason: 'deadline' }],
    ['cannot be scanned', 'Low', { Verdict: 'skipped', VerdictRank: 0, Reason: 'customerKey' }],
    ['rules left out', 'Medium', { Verdict: 'clean', VerdictRank: 3, SkippedRuleCount: 2 }],
    ['scanned late', 'Low', { EventTime: minutesAgo(70) }],
  ])('raises that objects were %s', (Problem, AlertSeverity, given) => {
    expect(raise([scan(given)])).toMatchObject([{ Problem, AlertSeverity, Objects: 1, Account: 'contoso' }]);
  });

  it('raises that there are fewer rules than before, not that there are a few less', () => {
    const before = scan({ ScanId: 'scan-0', RuleCount: 100 }, 90);
    expect(raise([before, scan({ RuleCount: 89 })])).toMatchObject([{ Problem: 'fewer rules than before' }]);
    expect(raise([before, scan({ RuleCount: 90 })])).toEqual([]);
  });

  it('does not raise what went well, what a policy skips, what is gone, nor canaries', () => {
    const skipped = { Verdict: 'skipped', VerdictRank: 0 };
    expect(raise([scan(), scan({ ScanId: '2', Verdict: 'clean', VerdictRank: 3 })])).toEqual([]);
    expect(
      raise([scan({ ...skipped, Reason: 'policy:large' }), scan({ ScanId: '2', ...skipped, Reason: 'gone' })]),
    ).toEqual([]);
    expect(raise([scan({ ...failed, Canary: true })])).toEqual([]);
    expect(raise([scan({ EventTime: minutesAgo(60) })])).toEqual([]);
    expect(raise([scan(failed, 61)])).toEqual([]);
  });

  it('takes what somebody had scanned again for as old as it is, and what the sweep found for late', () => {
    expect(raise([scan({ EventTime: minutesAgo(9_000), Origin: 'rescan' })])).toEqual([]);
    expect(raise([scan({ EventTime: minutesAgo(9_000), Origin: 'sweep' })])).toMatchObject([
      { Problem: 'scanned late' },
    ]);
  });

  it('lets a late failure say nothing of an object that was scanned', () => {
    expect(raise([scan({}, 40), scan({ ...failed, AttemptId: '2' }, 1)])).toEqual([]);
    expect(raise([scan({ ...failed, AttemptId: '2' }, 40), scan({}, 1)])).toEqual([]);
  });

  it('counts an object once, though it failed twice', () => {
    const twice = [scan(failed, 10), scan({ ...failed, AttemptId: '2' }), scan({ ...failed, ScanId: '2' })];
    expect(raise(twice)).toMatchObject([{ Objects: 2, Reasons: 'poison' }]);
  });
});
