/** What rules may ask of the signatures of a PE file. Source of names: the documentation of YARA-X, "pe". */
import type { FieldSchema, StructureSchema } from '../schema.ts';

const text = { type: 'text' } as const;
const integer = { type: 'integer' } as const;
const boolean = { type: 'boolean' } as const;

const CERTIFICATE_FIELDS: Readonly<Record<string, FieldSchema>> = {
  issuer: text,
  subject: text,
  thumbprint: text,
  version: integer,
  algorithm: text,
  algorithm_oid: text,
  serial: text,
  not_before: integer,
  not_after: integer,
};

const certificate: StructureSchema = { kind: 'structure', name: 'pe.Certificate', fields: CERTIFICATE_FIELDS };

const certificates: FieldSchema = { type: { kind: 'array', item: certificate } };

const signerInfo: StructureSchema = {
  kind: 'structure',
  name: 'pe.SignerInfo',
  fields: { program_name: text, more_info: text, digest: text, digest_alg: text, chain: certificates },
};

const countersignature: StructureSchema = {
  kind: 'structure',
  name: 'pe.CounterSignature',
  fields: { verified: boolean, sign_time: integer, digest: text, digest_alg: text, chain: certificates },
};

const signature: StructureSchema = {
  kind: 'structure',
  name: 'pe.Signature',
  fields: {
    ...CERTIFICATE_FIELDS,
    verified: boolean,
    digest_alg: text,
    digest: text,
    file_digest: text,
    number_of_certificates: integer,
    number_of_countersignatures: integer,
    signer_info: { type: signerInfo },
    certificates,
    countersignatures: { type: { kind: 'array', item: countersignature } },
  },
  functions: {
    valid_on: [{ parameters: ['integer'], result: 'boolean', isMethod: true, readsObject: true }],
  },
};

export const signaturesSchema: Readonly<Record<string, FieldSchema>> = {
  is_signed: boolean,
  number_of_signatures: { type: 'integer', deprecated: 'use `pe.signatures.len()` instead' },
  signatures: { type: { kind: 'array', item: signature } },
};
