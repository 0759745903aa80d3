// Colours for drawings: a canvas resolves neither variables nor light-dark(), so an element's computed colour stands in.

/** @type {Map<string, string>} */
const known = new Map();

/** @param {string} name of a custom property, without its dashes */
export function colour(name) {
  const found = known.get(name);
  if (found !== undefined) return found;
  const probe = document.createElement('span');
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  known.set(name, value);
  return value;
}

/** @type {Set<() => void>} */
const listeners = new Set();

/** After a switch between light and dark. @param {() => void} listener @returns {() => void} */
export function onThemeChange(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function changed() {
  known.clear();
  for (const listener of listeners) listener();
}
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', changed);

const THEMES = ['auto', 'light', 'dark'];

/** @param {HTMLButtonElement} button goes through automatic, light and dark, and remembers it in this browser */
export function themeSwitch(button) {
  const apply = (theme) => {
    document.documentElement.dataset.theme = theme;
    button.textContent = `Theme: ${theme}`;
    changed();
  };
  apply(THEMES.find((theme) => theme === localStorage.getItem('theme')) ?? 'auto');
  button.addEventListener('click', () => {
    const next = THEMES[(THEMES.indexOf(document.documentElement.dataset.theme ?? 'auto') + 1) % THEMES.length];
    localStorage.setItem('theme', next);
    apply(next);
  });
}
