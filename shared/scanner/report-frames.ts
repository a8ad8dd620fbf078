/**
 * The frame of an attempt's report for each thing a request can be about: the version its event names, the version that was
 * found, or a message that asks for no scan. The same version has the same ScanId whichever way it was come by.
 */
import { randomUUID } from 'node:crypto';
import type { RefusedRequest, ScanRequest } from '../events/scan-request.ts';
import type { ObjectIdentity, ObjectProperties } from '../objects/byte-source.ts';
import { ENGINE_VERSION } from '../yara/index.ts';
import type { ReportFrame } from './build-report.ts';
import type { RuleLimit } from './policies.ts';
import type { RuleSet } from './rule-set.ts';
import type { ScanBasis } from './scan-ids.ts';
import { refusalIdOf, scanIdOf } from './scan-ids.ts';

export class ReportFrames {
  readonly #ruleSet: RuleSet;
  readonly #exclusionsDigest: string;
  readonly #basis: ScanBasis;

  constructor(ruleSet: RuleSet, exclusionsDigest: string) {
    this.#ruleSet = ruleSet;
    this.#exclusionsDigest = exclusionsDigest;
    this.#basis = { rulesDigest: ruleSet.digest, engineVersion: ENGINE_VERSION };
  }

  /** The version the event names, as far as the event tells of it; eTag `''` where it names none. */
  asked(request: ScanRequest): ReportFrame {
    const { account, container, objectName, url, eTag = '', versionId, sizeInBytes } = request;
    const object = { account, container, objectName, url, eTag, versionId };
    return { ...this.#ofVersion(object, request.resourceId, request.eventTime, sizeInBytes), origin: request.origin };
  }

  /**
   * The version that was opened; named in the request's words, so that rows about one object spell it one way. A scan with
   * fewer rules is another scan: what it does not find may still be there.
   */
  found(request: ScanRequest, properties: ObjectProperties, limit?: RuleLimit): ReportFrame {
    const { account, container, objectName, url } = request;
    const { eTag, versionId, sizeInBytes, lastModified } = properties;
    // The event tells when the version it names was uploaded; of another one the storage's own word is all there is.
    const isAsked = request.eTag === undefined || request.eTag === eTag;
    const eventTime = isAsked ? request.eventTime : lastModified.toISOString();
    const object = { account, container, objectName, url, eTag, versionId };
    return { ...this.#ofVersion(object, request.resourceId, eventTime, sizeInBytes, limit), origin: request.origin };
  }

  /**
   * ScanIds that the listed version may have. A listing leaves out the id of the version where it is the current one, the object's
   * own properties do not.
   */
  listed(object: ObjectIdentity, limit?: RuleLimit): string[] {
    const basis = { ...this.#basis, limitDigest: limit?.digest };
    return [...new Set([object.versionId, undefined])].map((versionId) => scanIdOf({ ...object, versionId }, basis));
  }

  /** The built-in sample; each time it is scanned is a scan of its own. */
  canary(objectName: string, sizeInBytes: number, now: Date): ReportFrame {
    const url = `sluice://canary/${objectName}`;
    const eTag = now.toISOString();
    const object = { account: 'sluice', container: 'canary', objectName, url, eTag, versionId: undefined };
    return { ...this.#ofVersion(object, '', eTag, sizeInBytes), isCanary: true };
  }

  /** A message that asks for no scan; `messageId` tells it apart where the event has no id. */
  refused(request: RefusedRequest, messageId: string): ReportFrame {
    const { account, container, objectName, url } = request;
    const eventId = request.eventId === '' ? messageId : request.eventId;
    const object = { account, container, objectName, url, eTag: '', versionId: undefined };
    const scanId = refusalIdOf({ eventId, account, container, objectName }, this.#basis);
    return {
      ...this.#attempt(),
      scanId,
      object,
      resourceId: '',
      eventTime: request.eventTime ?? '',
      sizeInBytes: undefined,
    };
  }

  #ofVersion(
    object: ObjectIdentity,
    resourceId: string,
    eventTime: string,
    sizeInBytes: number | undefined,
    limit?: RuleLimit,
  ): ReportFrame {
    const scanId = scanIdOf(object, { ...this.#basis, limitDigest: limit?.digest });
    return { ...this.#attempt(), scanId, object, resourceId, eventTime, sizeInBytes };
  }

  #attempt(): Pick<ReportFrame, 'attemptId' | 'startedAt' | 'ruleSet' | 'exclusionsDigest' | 'isCanary'> {
    return {
      attemptId: randomUUID(),
      startedAt: new Date(),
      ruleSet: this.#ruleSet,
      exclusionsDigest: this.#exclusionsDigest,
      isCanary: false,
    };
  }
}
