import { describe, expect, it } from 'vitest';
import type { Config, SettingFault } from '../../../../shared/base/config.ts';
import { ConfigError, readConfig } from '../../../../shared/base/config.ts';
import { parseDuration, settings } from '../../../../shared/base/settings.ts';

const azure = {
  SLUICE_ACCOUNTS: 'contosouploads',
  SLUICE_STATE__tableServiceUri: 'https://contososluice.table.core.windows.net/',
  SLUICE_STATE__blobServiceUri: 'https://contososluice.blob.core.windows.net/',
  SLUICE_STATE__queueServiceUri: 'https://contososluice.queue.core.windows.net/',
  SLUICE_INGESTION_ENDPOINT: 'https://sluice-x.westeurope-1.ingest.monitor.azure.com',
  SLUICE_DCR_ID: 'dcr-0123456789abcdef0123456789abcdef',
};
const local = {
  SLUICE_ACCOUNTS: 'devstoreaccount1',
  SLUICE_LOCAL_CONNECTION: 'UseDevelopmentStorage=true',
  SLUICE_SINKS: 'console',
};

function configError(env: Record<string, string | undefined>): ConfigError {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('the settings were accepted');
}

function onlyFault(env: Record<string, string | undefined>): SettingFault {
  const { faults } = configError(env);
  expect(faults.map(({ name, problem }) => `${name}: ${problem}`)).toHaveLength(1);
  return faults[0]!;
}

describe('readConfig', () => {
  it('needs six settings in Azure and fills in the rest', () => {
    expect(readConfig(azure)).toEqual({
      accounts: ['contosouploads'],
      storageSuffix: 'core.windows.net',
      state: {
        kind: 'identity',
        tableServiceUri: 'https://contososluice.table.core.windows.net',
        blobServiceUri: 'https://contososluice.blob.core.windows.net',
        queueServiceUri: 'https://contososluice.queue.core.windows.net',
      },
      clientId: undefined,
      sinks: ['log-analytics'],
      ingestion: {
        endpoint: 'https://sluice-x.westeurope-1.ingest.monitor.azure.com',
        dcrId: 'dcr-0123456789abcdef0123456789abcdef',
        audience: 'https://monitor.azure.com',
        caPath: undefined,
      },
      rulesPath: 'dist/rules.sluice',
      publishedRules: undefined,
      telemetry: undefined,
      queueName: 'sluice-scan',
      digests: 'sha256',
      evidence: 'excerpt',
      deadlineInMs: 86_400_000,
      sliceInMs: 480_000,
      sweepInMs: 172_800_000,
      reactions: [],
      quarantine: undefined,
      notifyQueue: 'sluice-notifications',
      notifyVerdicts: ['match'],
      logLevel: 'info',
      cleanRows: 'all',
      warnings: [],
    } satisfies Config);
  });

  it('takes the emulator for everything in local use', () => {
    const { state, ingestion } = readConfig(local);
    expect(state).toMatchObject({
      kind: 'local',
      accountName: 'devstoreaccount1',
      blobEndpoint: 'http://127.0.0.1:10000/devstoreaccount1',
      tableEndpoint: 'http://127.0.0.1:10002/devstoreaccount1',
    });
    expect(ingestion).toBeUndefined();
  });

  it('tells every fault at once, with the value, the form and an example', () => {
    const error = configError({
      SLUICE_ACCOUNTS: 'a,Contoso,fine123',
      SLUICE_DEADLINE: '8 minutes',
      SLUICE_EVIDENCE: 'some',
      SLUICE_SINKS: 'log-analytics',
    });
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.faults.map(({ name }) => name)).toEqual([
      'SLUICE_ACCOUNTS',
      'SLUICE_STATE__tableServiceUri',
      'SLUICE_STATE__blobServiceUri',
      'SLUICE_STATE__queueServiceUri',
      'SLUICE_INGESTION_ENDPOINT',
      'SLUICE_DCR_ID',
      'SLUICE_EVIDENCE',
      'SLUICE_DEADLINE',
    ]);
    expect(error.message).toContain('8 settings are wrong');
    expect(error.message).toContain('SLUICE_ACCOUNTS: not the name of a storage account: "a", "Contoso"');
    expect(error.message).toContain('SLUICE_DCR_ID: not set; required when the log-analytics sink is on');
    expect(error.message).toContain('SLUICE_DEADLINE: "8 minutes" is not a duration');
    expect(error.message).toContain('example: SLUICE_DEADLINE=2h');
    expect(error.where).toBe(error.faults.map(({ name }) => name).join(', '));
  });

  it('takes an empty or blank setting for an absent one', () => {
    expect(onlyFault({ ...azure, SLUICE_ACCOUNTS: '  ' }).problem).toBe('not set');
    expect(readConfig({ ...azure, SLUICE_QUEUE: '' }).queueName).toBe('sluice-scan');
  });

  it('trims values and lists, and names each account once', () => {
    const { accounts, deadlineInMs } = readConfig({
      ...azure,
      SLUICE_ACCOUNTS: ' one1 ,two2,, one1\n',
      SLUICE_DEADLINE: ' 90s ',
    });
    expect(accounts).toEqual(['one1', 'two2']);
    expect(deadlineInMs).toBe(90_000);
  });

  it.each([
    ['SLUICE_ACCOUNTS', 'contoso-uploads', 'not the name of a storage account'],
    ['SLUICE_ACCOUNTS', ',', 'empty'],
    ['SLUICE_STORAGE_SUFFIX', 'blob.core.windows.net', 'names one service'],
    ['SLUICE_STORAGE_SUFFIX', 'core.windows.net.', 'not a domain name'],
    ['SLUICE_STORAGE_SUFFIX', 'https://core.windows.net', 'not a domain name'],
    ['SLUICE_STORAGE_SUFFIX', '127.0.0.1', 'not a domain name'],
    ['SLUICE_STATE__tableServiceUri', 'http://contososluice.table.core.windows.net', 'not https'],
    ['SLUICE_STATE__tableServiceUri', 'contososluice', 'not a URL'],
    ['SLUICE_STATE__blobServiceUri', 'https://contososluice.blob.core.windows.net/container', 'has a path'],
    ['SLUICE_STATE__credential', 'DefaultAzureCredential', 'not known'],
    ['SLUICE_STATE__clientId', 'my-identity', 'not a GUID'],
    ['SLUICE_CLIENT_ID', '5a0e1c52-9d0f-4b8e-8a57', 'not a GUID'],
    ['SLUICE_SINKS', 'console,splunk', 'no such sink: "splunk"'],
    ['SLUICE_DCR_ID', '/subscriptions/x/dataCollectionRules/sluice', 'does not look like that'],
    ['SLUICE_INGESTION_AUDIENCE', 'monitor.azure.com', 'not a URL'],
    ['SLUICE_QUEUE', 'Sluice_Scan', 'does not look like that'],
    ['SLUICE_QUEUE', 'a--b', 'does not look like that'],
    ['SLUICE_DIGESTS', 'md5', 'not known'],
    ['SLUICE_EVIDENCE', 'all', 'not known'],
    ['SLUICE_DEADLINE', '169h', 'too long'],
    ['SLUICE_SLICE', '21m', 'too long'],
    ['SLUICE_SLICE', '8', 'not a duration'],
    ['SLUICE_DEADLINE', '999ms', 'too short'],
    ['SLUICE_DEADLINE', '-8m', 'not a duration'],
    ['SLUICE_LOG_LEVEL', 'trace', 'not known'],
    ['SLUICE_CLEAN_ROWS', 'none', 'not known'],
    ['SLUICE_LOCAL_CA', './ca.pem', 'SLUICE_INGESTION_ENDPOINT is not on this machine'],
    ['SLUICE_STATE__queueServiceUri', 'https://contososluice.queue.core.windows.net/sluice-scan', 'has a path'],
    ['SLUICE_INGESTION_ENDPOINT', 'http://sluice-x.westeurope-1.ingest.monitor.azure.com', 'not https'],
    ['SLUICE_RULES', 'rules\u0000.sluice', 'does not look like that'],
    ['SLUICE_SWEEP', '721h', 'too long'],
    ['SLUICE_SWEEP', 'never', 'not a duration'],
    ['SLUICE_REACTIONS', 'tags,delete', 'no such reaction: "delete"'],
    ['SLUICE_REACTIONS', ' , ', 'the list is empty'],
    ['SLUICE_QUARANTINE', 'https://contososluice.blob.core.windows.net/quarantine/', 'not the URL of a container'],
    ['SLUICE_QUARANTINE', 'https://evil.example/quarantine', 'not the URL of a container'],
    ['SLUICE_QUARANTINE', 'http://10.0.0.1:10000/devstoreaccount1/quarantine', 'not the URL of a container'],
    ['SLUICE_QUARANTINE', 'http://127.0.0.1:10000/devstoreaccount1/quarantine', 'is on this machine'],
    ['SLUICE_NOTIFY_QUEUE', 'Notifications', 'does not look like that'],
    ['SLUICE_NOTIFY_VERDICTS', 'match,malicious', 'no such verdict: "malicious"'],
    ['SLUICE_TELEMETRY', 'logs', 'not known'],
  ])('refuses %s=%s: %s', (name, value, problem) => {
    const fault = onlyFault({ ...azure, [name]: value });
    expect(fault.name).toBe(name);
    expect(fault.problem).toContain(problem);
    expect(fault.form).not.toBe('');
    expect(fault.example).toMatch(new RegExp(`^${name}=.`));
  });

  it('refuses a secret in any setting, known or not, and never repeats it', () => {
    const key = `${'k'.repeat(86)}==`;
    for (const [name, value] of [
      ['SLUICE_STATE', `DefaultEndpointsProtocol=https;AccountName=contososluice;AccountKey=${key}`],
      ['SLUICE_STATE__tableServiceUri', 'https://contososluice.table.core.windows.net/?sv=2024-01-01&sig=abc%2Fdef'],
      ['SLUICE_INGESTION_ENDPOINT', `https://user:${key}@example.com`],
      ['SLUICE_RULES', `https://contososluice.blob.core.windows.net/rules/rules.sluice?sig=${key}`],
      ['SLUICE_KEY', key],
    ] as const) {
      const error = configError({ ...azure, [name]: value });
      expect(error.faults.map((fault) => fault.name)).toEqual([name]);
      expect(error.message).toContain('a key, a SAS or a connection string');
      expect(error.message).not.toContain(key);
      expect(error.message).not.toContain('abc%2Fdef');
    }
  });

  it('refuses an emulator connection that is not wholly on this machine, without repeating its key', () => {
    const key = `${'k'.repeat(86)}==`;
    const value = `AccountName=devstoreaccount1;AccountKey=${key};BlobEndpoint=https://devstoreaccount1.blob.core.windows.net`;
    const error = configError({ ...local, SLUICE_LOCAL_CONNECTION: value });
    expect(error.faults.map((fault) => fault.name)).toEqual(['SLUICE_LOCAL_CONNECTION']);
    expect(error.message).toContain('BlobEndpoint leads to devstoreaccount1.blob.core.windows.net');
    expect(error.message).not.toContain(key);
  });

  it('wants the emulator account watched and no second account named', () => {
    expect(onlyFault({ ...local, SLUICE_ACCOUNTS: 'contosouploads' }).problem).toContain(
      'does not name devstoreaccount1',
    );
    const both = { ...local, SLUICE_STATE__tableServiceUri: azure.SLUICE_STATE__tableServiceUri };
    expect(onlyFault(both).problem).toContain('SLUICE_LOCAL_CONNECTION');
  });

  it.each([
    ['SLUICE_STATE__tableServiceUri', 'https://contosouploads.table.core.windows.net'],
    ['SLUICE_STATE__blobServiceUri', 'https://contosouploads.blob.core.windows.net'],
    ['SLUICE_STATE__queueServiceUri', 'https://contosouploads.queue.core.windows.net'],
    ['SLUICE_STATE__blobServiceUri', 'https://contosouploads.z38.blob.storage.azure.net'],
  ])("refuses to watch the scanner's own account: %s=%s", (name, uri) => {
    const fault = onlyFault({ ...azure, SLUICE_ACCOUNTS: 'contosopartners,contosouploads', [name]: uri });
    expect(fault.name).toBe('SLUICE_ACCOUNTS');
    expect(fault.problem).toContain(`names contosouploads, the scanner's own account (${name})`);
  });

  it('accepts a private certificate only for an ingestion endpoint on this machine', () => {
    const env = {
      ...azure,
      SLUICE_INGESTION_ENDPOINT: 'https://127.0.0.1:8443',
      SLUICE_LOCAL_CA: '/tmp/ca.pem',
    };
    expect(readConfig(env).ingestion).toMatchObject({ endpoint: 'https://127.0.0.1:8443', caPath: '/tmp/ca.pem' });
    const lookAlike = { ...env, SLUICE_INGESTION_ENDPOINT: 'https://127.0.0.1.example.com' };
    expect(onlyFault(lookAlike).name).toBe('SLUICE_LOCAL_CA');
  });

  it('needs no ingestion settings for the console sink', () => {
    const { sinks, ingestion } = readConfig({ ...local, SLUICE_SINKS: 'console' });
    expect(sinks).toEqual(['console']);
    expect(ingestion).toBeUndefined();
  });

  it('warns about settings nothing reads and proposes the name that was meant', () => {
    const { warnings } = readConfig({
      ...azure,
      SLUICE_SINK: 'console',
      sluice_deadline: '1m',
      SLUICE_STATE_TABLESERVICEURI: 'x',
      SLUICE_COFFEE_STRENGTH: 'strong',
      PATH: '/bin',
    });
    expect(warnings).toEqual([
      'setting "SLUICE_COFFEE_STRENGTH" is not known and has no effect',
      'setting "SLUICE_SINK" is not known and has no effect; did you mean SLUICE_SINKS?',
      'setting "SLUICE_STATE_TABLESERVICEURI" is not known and has no effect; did you mean SLUICE_STATE__tableServiceUri?',
      'setting "sluice_deadline" is not known and has no effect; did you mean SLUICE_DEADLINE?',
    ]);
  });
});

describe('what is done about a verdict', () => {
  const quarantine = 'https://contososluice.blob.core.windows.net/sluice-quarantine';

  it('is read in the order in which it is done, each once', () => {
    const config = readConfig({
      ...azure,
      SLUICE_REACTIONS: 'Notify, quarantine,tags,notify',
      SLUICE_QUARANTINE: quarantine,
      SLUICE_NOTIFY_QUEUE: 'verdicts',
      SLUICE_NOTIFY_VERDICTS: 'clean,match',
    });
    expect(config).toMatchObject({
      reactions: ['tags', 'quarantine', 'notify'],
      quarantine,
      notifyQueue: 'verdicts',
      notifyVerdicts: ['match', 'clean'],
    });
  });

  it('has a place to move objects to, of the same kind as the scanner itself', () => {
    const fault = onlyFault({ ...azure, SLUICE_REACTIONS: 'quarantine' });
    expect(`${fault.name}: ${fault.problem}`).toBe(
      'SLUICE_QUARANTINE: not set; required when the reaction quarantine is on',
    );
    const atHome = 'http://127.0.0.1:10000/devstoreaccount1/sluice-quarantine';
    expect(readConfig({ ...local, SLUICE_QUARANTINE: atHome }).quarantine).toBe(atHome);
    expect(onlyFault({ ...local, SLUICE_QUARANTINE: quarantine }).problem).toContain('leads off this machine');
  });
});

describe('a setting that says how much or how long', () => {
  it.each<[string, string, Partial<Config>]>([
    ['SLUICE_STORAGE_SUFFIX', 'core.usgovcloudapi.net', { storageSuffix: 'core.usgovcloudapi.net' }],
    ['SLUICE_CLIENT_ID', '5A0E1C52-9D0F-4B8E-8A57-3F0C4D1B2E6A', { clientId: '5a0e1c52-9d0f-4b8e-8a57-3f0c4d1b2e6a' }],
    ['SLUICE_SINKS', 'console, log-analytics', { sinks: ['log-analytics', 'console'] }],
    ['SLUICE_RULES', '/mnt/rules/a b.sluice', { rulesPath: '/mnt/rules/a b.sluice' }],
    ['SLUICE_DIGESTS', 'MD5,sha256', { digests: 'sha256,md5' }],
    ['SLUICE_DIGESTS', 'findings', { digests: 'findings' }],
    ['SLUICE_EVIDENCE', 'None', { evidence: 'none' }],
    ['SLUICE_DEADLINE', '168h', { deadlineInMs: 604_800_000 }],
    ['SLUICE_SLICE', '20m', { sliceInMs: 1_200_000 }],
    ['SLUICE_SWEEP', '0s', { sweepInMs: 0 }],
    ['SLUICE_SWEEP', '720h', { sweepInMs: 2_592_000_000 }],
    ['SLUICE_LOG_LEVEL', 'WARN', { logLevel: 'warn' }],
    ['SLUICE_CLEAN_ROWS', 'hourly', { cleanRows: 'hourly' }],
  ])('is read: %s=%s', (name, value, expected) => {
    expect(readConfig({ ...azure, [name]: value })).toMatchObject(expected);
  });

  it('is read of the ingestion endpoint in other clouds', () => {
    const env = {
      ...azure,
      SLUICE_INGESTION_ENDPOINT: 'https://sluice.usgovvirginia.ingest.monitor.azure.us/',
      SLUICE_INGESTION_AUDIENCE: 'https://monitor.azure.us/',
    };
    expect(readConfig(env).ingestion).toMatchObject({
      endpoint: 'https://sluice.usgovvirginia.ingest.monitor.azure.us',
      audience: 'https://monitor.azure.us',
    });
  });
});

describe('settings', () => {
  it('have examples and defaults that they accept themselves', () => {
    for (const setting of Object.values(settings)) {
      expect(setting.parse(setting.example), setting.name).toHaveProperty('value');
      if (setting.defaultText !== undefined) expect(setting.parse(setting.defaultText)).toHaveProperty('value');
    }
  });

  it('have names that are unique and meanings that fit a table', () => {
    const names = Object.values(settings).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, meaning, form } of Object.values(settings)) {
      expect(`${meaning}${form}`, name).not.toMatch(/[|\n]/);
    }
  });

  it('read every unit of a duration and nothing else', () => {
    expect(['250ms', '90s', '8m', '2h', '8 m'].map(parseDuration)).toEqual([250, 90_000, 480_000, 7_200_000, 480_000]);
    for (const text of ['8', 'm', '1.5m', '1e3s', '8m30s', '٨m', '-1s', '1d', '9999999999s']) {
      expect(parseDuration(text), text).toBeUndefined();
    }
  });
});

describe('published rules', () => {
  const url = 'https://contososluice.blob.core.windows.net/rules/rules.release';
  const digest = '0123456789abcdef'.repeat(4);
  const key = 'MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=';
  const published = (changes: Record<string, string>) => ({ ...azure, SLUICE_RULES_URL: url, ...changes });

  it('lie in an account that is not watched, and somebody vouches for them', () => {
    expect(readConfig(published({ SLUICE_RULES_DIGEST: digest.toUpperCase() })).publishedRules).toEqual({
      url,
      digest,
      publicKey: undefined,
    });
    const elsewhere = url.replace('contososluice', 'contosorules');
    expect(
      readConfig(published({ SLUICE_RULES_URL: elsewhere, SLUICE_RULES_KEY: key, SLUICE_RULES_DIGEST: digest }))
        .publishedRules,
    ).toEqual({ url: elsewhere, digest, publicKey: key });
    const inEmulator = 'http://127.0.0.1:10000/devstoreaccount1/rules/a.release';
    expect(readConfig({ ...local, SLUICE_RULES_URL: inEmulator, SLUICE_RULES_KEY: key }).publishedRules?.url).toBe(
      inEmulator,
    );
  });

  it.each([
    ['nobody vouches for them', {}, 'SLUICE_RULES_DIGEST', 'nor is SLUICE_RULES_KEY'],
    [
      'the account is watched',
      { SLUICE_RULES_URL: url.replace('contososluice', 'contosouploads') },
      'SLUICE_RULES_URL',
      'is watched',
    ],
    [
      'the host is a stranger',
      { SLUICE_RULES_URL: 'https://evil.example/rules/a' },
      'SLUICE_RULES_URL',
      'not in a storage account',
    ],
    [
      'the host only looks like it',
      { SLUICE_RULES_URL: 'https://contososluice.blob.core.windows.net.evil.example/c/a' },
      'SLUICE_RULES_URL',
      'not in a storage account',
    ],
    ['it is not https', { SLUICE_RULES_URL: url.replace('https', 'http') }, 'SLUICE_RULES_URL', 'not https'],
    ['it has a user', { SLUICE_RULES_URL: url.replace('//', '//a@') }, 'SLUICE_RULES_URL', 'holds a key'],
    ['it has a SAS', { SLUICE_RULES_URL: `${url}?sig=x` }, 'SLUICE_RULES_URL', 'holds a key'],
    [
      'it names no blob',
      { SLUICE_RULES_URL: url.replace('/rules.release', '') },
      'SLUICE_RULES_URL',
      'a container and a blob',
    ],
    ['it has dots', { SLUICE_RULES_URL: url.replace('/rules/', '/a/../rules/') }, 'SLUICE_RULES_URL', 'not plain'],
    ['the digest is short', { SLUICE_RULES_DIGEST: 'abc' }, 'SLUICE_RULES_DIGEST', 'no SHA-256'],
    [
      'the key is a private one',
      { SLUICE_RULES_KEY: 'MC4CAQAwBQYDK2VwBCIEIBm/RAlphM3+hUG6wWfcO5bIUIaqMLa2ywxcOK1wMWbh' },
      'SLUICE_RULES_KEY',
      'no such key',
    ],
    [
      'the key is of another kind',
      { SLUICE_RULES_KEY: key.replace('K2VwAyEA', 'K2VuAyEA') },
      'SLUICE_RULES_KEY',
      'no such key',
    ],
  ])('are refused when %s', (_, changes, name, problem) => {
    const needed =
      'SLUICE_RULES_DIGEST' in changes || name === 'SLUICE_RULES_DIGEST' ? {} : { SLUICE_RULES_DIGEST: digest };
    const fault = onlyFault(published({ ...needed, ...changes }));
    expect(fault.name).toBe(name);
    expect(fault.problem).toContain(problem);
  });

  it('have no pin and no key without a place', () => {
    const { faults } = configError({ ...azure, SLUICE_RULES_DIGEST: digest, SLUICE_RULES_KEY: key });
    expect(faults.map(({ name, problem }) => `${name}: ${problem}`)).toEqual([
      'SLUICE_RULES_DIGEST: set although SLUICE_RULES_URL is not',
      'SLUICE_RULES_KEY: set although SLUICE_RULES_URL is not',
    ]);
  });
});

describe('telemetry', () => {
  const connection =
    'InstrumentationKey=11111111-2222-3333-4444-555555555555;IngestionEndpoint=https://westeurope-5.in.applicationinsights.azure.com/;LiveEndpoint=https://x/';
  const sent = (mode: string) =>
    readConfig({ ...azure, APPLICATIONINSIGHTS_CONNECTION_STRING: connection, SLUICE_TELEMETRY: mode }).telemetry;

  it('goes where the host sends its own, unless it is switched off', () => {
    expect(sent('')).toEqual({ connectionString: connection, withSpans: false });
    expect(sent('traces')).toEqual({ connectionString: connection, withSpans: true });
    expect(sent('off')).toBeUndefined();
    expect(readConfig({ ...azure, SLUICE_TELEMETRY: 'traces' }).telemetry).toBeUndefined();
  });

  it.each([
    ['InstrumentationKey=abc;IngestionEndpoint=https://a.example/', 'no InstrumentationKey'],
    ['InstrumentationKey=11111111-2222-3333-4444-555555555555', 'no https IngestionEndpoint'],
    [connection.replace('https://w', 'http://w'), 'no https IngestionEndpoint'],
  ])('has a place it can go to: not %s', (text, problem) => {
    const fault = onlyFault({ ...azure, APPLICATIONINSIGHTS_CONNECTION_STRING: text });
    expect(fault.problem).toContain(problem);
    expect(fault.problem).not.toContain('1111');
  });
});

describe('a setting that is not known', () => {
  it.each([
    ['SLUICE_RULE_DIGEST', 'SLUICE_RULES_DIGEST'],
    ['SLUICE_RULES_URI', 'SLUICE_RULES_URL'],
    ['SLUICE_TELEMTRY', 'SLUICE_TELEMETRY'],
  ])('is warned about with the nearest that is: %s', (given, meant) => {
    expect(readConfig({ ...azure, [given]: 'x' }).warnings).toEqual([
      `setting "${given}" is not known and has no effect; did you mean ${meant}?`,
    ]);
  });
});
