import { describe, expect, it } from 'vitest';
import {
  HostSettingsError,
  parseQueueSettings,
  parseTimeSpan,
  readQueueSettings,
} from '../../../../shared/local/host-settings.ts';

const withQueues = (queues: object): string => JSON.stringify({ version: '2.0', extensions: { queues } });

describe('parseQueueSettings', () => {
  it('gives the defaults of the Functions host where the file says nothing', () => {
    const defaults = {
      batchSize: 16,
      newBatchThreshold: 8,
      maxPollingIntervalInMs: 60_000,
      visibilityTimeoutInSeconds: 0,
      maxDequeueCount: 5,
      messageEncoding: 'base64',
    };
    for (const text of ['{}', '{"extensions":{}}', withQueues({})]) {
      expect(parseQueueSettings(text)).toEqual(defaults);
    }
  });

  it('reads every setting', () => {
    const text = withQueues({
      batchSize: 8,
      newBatchThreshold: 0,
      maxPollingInterval: '00:00:02',
      visibilityTimeout: '00:00:30',
      maxDequeueCount: 3,
      messageEncoding: 'none',
    });
    expect(parseQueueSettings(text)).toEqual({
      batchSize: 8,
      newBatchThreshold: 0,
      maxPollingIntervalInMs: 2_000,
      visibilityTimeoutInSeconds: 30,
      maxDequeueCount: 3,
      messageEncoding: 'none',
    });
  });

  it('halves an odd batch size downwards for the threshold', () => {
    expect(parseQueueSettings(withQueues({ batchSize: 5 })).newBatchThreshold).toBe(2);
  });

  it.each([
    ['batchSize', 0],
    ['batchSize', 33],
    ['newBatchThreshold', -1],
    ['maxPollingInterval', '00:00:00.05'],
    ['maxPollingInterval', '2s'],
    ['visibilityTimeout', 30],
    ['maxDequeueCount', 0],
    ['messageEncoding', 'utf8'],
  ])('refuses %s = %j and names it', (name, value) => {
    expect(() => parseQueueSettings(withQueues({ [name]: value }))).toThrow(`extensions.queues.${name}`);
  });

  it('names every fault at once', () => {
    const text = withQueues({ batchSize: 99, maxDequeueCount: 0 });
    expect(() => parseQueueSettings(text)).toThrow(/batchSize.*maxDequeueCount/);
  });

  it('says that the file is not JSON, or not there, with its path', () => {
    expect(() => parseQueueSettings('{', '/app/host.json')).toThrow(
      expect.objectContaining({ code: 'HOST_JSON_INVALID', where: '/app/host.json' }),
    );
    expect(() => readQueueSettings('/nowhere/host.json')).toThrow(HostSettingsError);
  });
});

describe('parseTimeSpan', () => {
  it.each([
    ['00:00:00', 0],
    ['00:00:02', 2_000],
    ['1:2:3', 3_723_000],
    ['00:00:00.1', 100],
    ['00:00:00.0000001', 0],
    ['23:59:59.9999999', 86_400_000],
    ['7.00:00:00', 604_800_000],
  ])('reads %s', (text, inMs) => {
    expect(parseTimeSpan(text)).toBe(inMs);
  });

  it.each(['', '2', '00:02', '24:00:00', '00:60:00', '00:00:60', '-00:00:01', '00:00:00,5', ' 00:00:01'])(
    'refuses "%s"',
    (text) => {
      expect(parseTimeSpan(text)).toBeUndefined();
    },
  );
});
