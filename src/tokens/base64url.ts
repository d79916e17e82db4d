/**
 * Decodes base64url as RFC 7515 §2 wants it, when the text is its octets' only spelling: no padding, no white space,
 * no other alphabet, no stray bits in the last character. Otherwise one signature has sixteen spellings, and the text
 * of a token is not an identity.
 *
 * @returns undefined for any other text.
 */
export function decodeBase64url(text: string): Buffer | undefined {
  const octets = Buffer.from(text, 'base64url');
  return octets.toString('base64url') === text ? octets : undefined;
}
