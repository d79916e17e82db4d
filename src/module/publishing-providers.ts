import type { HttpAdapterHost } from '@nestjs/core';
import { PublishedDocument } from '../http/published-document.js';
import { Publisher } from '../http/publisher.service.js';
import { JwkSet } from '../keys/jwk-set.js';
import type { PublishedKeys } from '../keys/published-keys.js';
import type { JwtRs256ModuleExtras } from './options.js';
import type { ResolvedOptions } from './resolve-options.js';
import { resolvePublishing, type ResolvedPublishing } from './resolve-publishing.js';

export function readPublishing(
  extras: JwtRs256ModuleExtras,
  { verifying, keys }: ResolvedOptions,
): ResolvedPublishing {
  return resolvePublishing(extras, { issuer: verifying.issuer, hasOwnKeys: keys !== undefined });
}

/** What serves the JWK Set and the metadata, where they are asked for. */
export function makePublisher(
  { jwksPath, metadata }: ResolvedPublishing,
  keys: PublishedKeys,
  { jwksCache: caching }: ResolvedOptions,
  adapterHost: HttpAdapterHost,
): Publisher {
  const documents = new Map<string, PublishedDocument>();
  for (const [path, text] of metadata)
    documents.set(path, new PublishedDocument({ text }, { mediaType: 'application/json', caching }));
  if (jwksPath !== undefined) {
    const mediaType = 'application/jwk-set+json';
    documents.set(jwksPath, new PublishedDocument(new JwkSet(keys), { mediaType, caching }));
  }
  return new Publisher(documents, adapterHost);
}
