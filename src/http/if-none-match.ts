const ENTITY_TAG = /"[^"]*"/g;

/**
 * Whether the value of If-None-Match says that the client has this entity tag (RFC 9110 §13.1.2): `*`, or a list that has
 * it. The comparison is weak, for proxies that compress make a strong tag weak. What cannot be read matches nothing.
 */
export function isUnmodified(ifNoneMatch: unknown, entityTag: string): boolean {
  if (typeof ifNoneMatch !== 'string') return false;
  const listed: readonly string[] = ifNoneMatch.match(ENTITY_TAG) ?? [];
  return ifNoneMatch.trim() === '*' || listed.includes(entityTag);
}
