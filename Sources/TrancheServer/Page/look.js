// The name and the colour of the inventory, so that nobody takes one for another.

const usual = '#2563c9';

/** The parts of a colour such as `#2563c9`, each from 0 to 1. */
const parts = colour => [1, 3, 5].map(place => parseInt(colour.slice(place, place + 2), 16) / 255);

const luminance = colour => parts(colour)
  .map(part => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
  .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);

/** WCAG 2.1, "contrast ratio". */
function contrast(a, b) {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}

const mixed = (colour, other, share) => `#${parts(colour).map((part, index) =>
  Math.round((part * (1 - share) + parts(other)[index] * share) * 255).toString(16)
    .padStart(2, '0')).join('')}`;

/** The colour, or the nearest to it that can be read on a ground. */
function readable(colour, ground) {
  const end = luminance(ground) > 0.2 ? '#000000' : '#ffffff';
  for (let share = 0; share < 1; share += 0.05) {
    const tried = mixed(colour, end, share);
    if (contrast(tried, ground) >= 4.9) return tried;
  }
  return end;
}

let shown = '';

/** Shows whose page it is: in the head, in the tab's title and in its icon. */
export function setLook(inventory, pageTitle, mark) {
  const colour = /^#[0-9a-f]{6}$/i.test(inventory?.colour ?? '') ? inventory.colour : usual;
  const name = inventory?.name || 'Tranche';
  document.getElementById('inventory').textContent = name;
  document.title = `${mark ? `${mark} ` : ''}${pageTitle} · ${name}`;
  if (shown === colour) return;
  shown = colour;
  const style = document.documentElement.style;
  style.setProperty('--own', colour);
  style.setProperty('--on-own', contrast(colour, '#ffffff') >= 4.5 ? '#ffffff'
    : contrast(colour, '#000000') >= 4.5 ? '#000000' : '#ffffff');
  style.setProperty('--accent-light', readable(colour, '#f1f3f5'));
  style.setProperty('--accent-dark', readable(colour, '#22272c'));
  if (colour !== usual) {
    document.getElementById('icon').href = `assets/icon.svg?colour=${encodeURIComponent(colour)}`;
  }
}
