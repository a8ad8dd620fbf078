/** Functions over signatures. */
import type { Integer } from '../../scan/integers.ts';
import type { CallContext, Implementation, StructureValue } from '../module.ts';

export const signaturesFunctions: Readonly<Record<string, Implementation>> = {
  /** Both ends count. Undefined where the signature has no certificate of its own. */
  'pe.Signature.valid_on(integer)': (_: CallContext, signature: StructureValue, time: Integer) => {
    const from = signature.field('not_before') as Integer | undefined;
    const to = signature.field('not_after') as Integer | undefined;
    return from === undefined || to === undefined ? undefined : time >= from && time <= to;
  },
};
