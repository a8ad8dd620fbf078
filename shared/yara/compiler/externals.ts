/** Values that come from outside the rules. The type is fixed when rules are compiled; the value may change per scan. */

/** An integral number is an integer; `{ float: 1 }` says that it is not. Text stands for its UTF-8 bytes. */
export type ExternalValue = boolean | string | bigint | number | { readonly float: number };

export type Externals = Readonly<Record<string, ExternalValue>>;
