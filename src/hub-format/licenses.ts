/** Longest name of a licence, in characters; longer ones are ignored. */
const MOST_CHARACTERS = 100;
/** Licences of one repo. */
const MOST_LICENSES = 20;
/** How tags name a licence. */
const TAG = /^license:/i;

/**
 * The licences that a repo's info names, lower-cased, each once, sorted. Owners write both fields by hand, so whatever
 * is malformed in them is ignored.
 *
 * @param cardData head of the model card; its `license` is a name or a list of names.
 * @param tags with `license:mit` among them.
 */
export function readLicenses(cardData: unknown, tags: unknown): string[] {
  const names = new Set<string>();
  for (const name of [...licensesOfCard(cardData), ...licensesOfTags(tags)]) {
    const plain = name.trim().toLowerCase();
    if (names.size < MOST_LICENSES && isName(plain)) names.add(plain);
  }
  return [...names].sort();
}

function licensesOfCard(cardData: unknown): string[] {
  if (typeof cardData !== 'object' || cardData === null || !('license' in cardData)) return [];
  return strings([cardData.license].flat());
}

function licensesOfTags(tags: unknown): string[] {
  return strings(tags)
    .filter((tag) => TAG.test(tag))
    .map((tag) => tag.replace(TAG, ''));
}

const strings = (list: unknown): string[] =>
  Array.isArray(list) ? list.filter((value): value is string => typeof value === 'string') : [];

const isName = (name: string): boolean => name !== '' && name.length <= MOST_CHARACTERS && !/\p{C}/u.test(name);
