/**
 * The frame of an attempt's report for each thing a request can be about: the version its event names, the version that was
 * found, or a message that asks for no scan. The same version has the same ScanId whichever way it was come by.
 */
import { randomUUID } from 'node:crypto';
import type { RefusedRequest, ScanRequest } from '../events/scan-request.ts';
import type { ObjectIdentity, ObjectProperties } from '../objects/byte-source.ts';
import { ENGINE_VERSION } from '../yara/index.ts';
import type { ReportFrame } from './build-report.ts';
import type { RuleSet } from './rule-set.ts';
import type { ScanBasis } from './scan-ids.ts';
import { refusalIdOf, scanIdOf } from './scan-ids.ts';

export class ReportFrames {
  readonly #ruleSet: RuleSet;
  readonly #basis: ScanBasis;

  constructor(ruleSet: RuleSet) {
    this.#ruleSet = ruleSet;
    this.#basis = { rulesDigest: ruleSet.digest, engineVersion: ENGINE_VERSION };
  }

  /** The version the event names, as far as the event tells of it; eTag `''` where it names none. */
  asked(request: ScanRequest): ReportFrame {
    const { account, container, objectName, url, eTag = '', versionId, sizeInBytes } = request;
    const object = { account, container, objectName, url, eTag, versionId };
    return this.#ofVersion(object, request.resourceId, request.eventTime, sizeInBytes);
  }

  /** The version that was opened; named in the request's words, so that rows about one object spell it one way. */
  found(request: ScanRequest, properties: ObjectProperties): ReportFrame {
    const { account, container, objectName, url } = request;
    const { eTag, versionId, sizeInBytes, lastModified } = properties;
    // The event tells when the version it names was uploaded; of another one the storage's own word is all there is.
    const isAsked = request.eTag === undefined || request.eTag === eTag;
    const eventTime = isAsked ? request.eventTime : lastModified.toISOString();
    const object = { account, container, objectName, url, eTag, versionId };
    return this.#ofVersion(object, request.resourceId, eventTime, sizeInBytes);
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
  ): ReportFrame {
    return { ...this.#attempt(), scanId: scanIdOf(object, this.#basis), object, resourceId, eventTime, sizeInBytes };
  }

  #attempt(): Pick<ReportFrame, 'attemptId' | 'startedAt' | 'ruleSet' | 'exclusionsDigest' | 'isCanary'> {
    return {
      attemptId: randomUUID(),
      startedAt: new Date(),
      ruleSet: this.#ruleSet,
      exclusionsDigest: '',
      isCanary: false,
    };
  }
}
