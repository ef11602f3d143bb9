// The page's sentences come with it, in the reader's language; here are only their names.

let words = {};

/** Take the sentences that stand in the page. */
export function learn(found) {
  words = found;
}

/** Return a sentence with its facts put in, such as say("metres", { metres: 120 }). */
export function say(name, facts = {}) {
  const sentence = words[name] ?? name;
  return sentence.replace(/%\((\w+)\)s/g, (_, fact) => String(facts[fact] ?? ""));
}
