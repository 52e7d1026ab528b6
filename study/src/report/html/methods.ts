/** How the figures were measured: equations in MathML, and text around them. It is constant markup without data. */
const i = (name: string) => `<mi>${name}</mi>`;
const o = (sign: string) => `<mo>${sign}</mo>`;
const n = (number: string) => `<mn>${number}</mn>`;
const row = (...parts: string[]) => `<mrow>${parts.join("")}</mrow>`;
const frac = (above: string, below: string) => `<mfrac>${row(above)}${row(below)}</mfrac>`;
const sqrt = (...parts: string[]) => `<msqrt>${parts.join("")}</msqrt>`;
const squared = (base: string) => `<msup>${row(base)}${n("2")}</msup>`;
const bold = (name: string) => `<mi mathvariant="normal" class="bold">${name}</mi>`;
const one = `<mn class="bold">1</mn>`;
const length = (...parts: string[]) => row(o("‖"), ...parts, o("‖"));
const math = (...parts: string[]) => `<math display="block">${parts.join("")}</math>`;
const inline = (...parts: string[]) => `<math>${parts.join("")}</math>`;
const word = (name: string) => `<mi mathvariant="normal">${name}</mi>`;
const thin = '<mspace width="0.17em"/>';
const sin = row(thin, word("sin"), thin);
const cos = row(thin, word("cos"), thin);

const x = bold("x");
const root = (inside: string) => sqrt(squared(length(inside)), o("+"), i("d"), i("ε"));
const of = (name: string) => row(word(name), o("("), x, o(")"));
const deviation = row(o("|"), n("90°"), o("−"), i("θ"), o("|"));

export const methods = `
<p>Every vector ${inline(x)} of a site, a tensor of states such as what enters a norm, is held against the uniform vector ${inline(one, o("="), row(o("["), n("1"), o(","), o("…"), o(","), n("1"), o("]")))}, whose direction LayerNorm’s mean subtraction removes and RMSNorm keeps:</p>
${math(cos, i("θ"), o("="), frac(row(x, o("·"), one), row(length(x), sqrt(i("d")))), o(","), "<mspace width='1.5em'/>", i("P"), x, o("="), x, o("−"), frac(row(x, o("·"), one), i("d")), one)}
${math(of("LN"), o("="), bold("α"), o("⊙"), frac(row(sqrt(i("d")), i("P"), x), root(row(i("P"), x))), o("+"), bold("β"), o(","), "<mspace width='1.5em'/>", of("RMSNorm"), o("="), bold("α"), o("⊙"), frac(row(sqrt(i("d")), x), root(x)))}
<p>Without weights and <i>ε</i> the two are tied by the angle alone, which is checked on the data, and gives the cost of putting one in the other’s place:</p>
${math(of("RMSNorm"), o("="), sin, i("θ"), o("·"), of("LN"), o("+"), cos, i("θ"), o("·"), one)}
${math(frac(length(of("RMSNorm"), o("−"), of("LN")), sqrt(i("d"))), o("="), n("2"), sin, frac(deviation, n("2")))}
<p>Chance is a random direction: its angle is 90° with standard deviation near ${inline(n("57.3°"), o("/"), sqrt(i("d")))}, its mean ${inline(deviation)} near ${inline(sqrt(row(n("2"), o("/"), i("π"))))} of that (both exact for every d), and its mean ${inline(i("d"), squared(word("cos")), i("θ"))} is exactly 1. Means and standard deviations over the vectors, least and greatest are exact and in f64; median and quartiles come from counts on a fixed grid. Standard deviations are those of the vectors, not of the mean. The norms are really run, by the engine.</p>
<p>A site’s states are called closer to orthogonal than random directions, or farther, where all of these say so: the ratio of its mean ${inline(deviation)} to chance (below 0.8, above 1.25); the interval of that ratio, which does not hold 1; the mean ${inline(i("d"), squared(word("cos")), i("θ"))} (below 1, above 1); and a rank: of 99 random directions at most one may have a smaller mean |cos|, or a larger one, which happens to one direction in twenty-five. They are called as far where the ratio lies between, its interval for the site alone, of 90 %, within 2/3 and 3/2, and the mean ${inline(i("d"), squared(word("cos")), i("θ"))} within 0.64 and 1.56. Rows are not independent: two whose cosine is <i>c</i> share ${inline(frac(row(i("d"), squared("c"), o("−"), n("1")), row(i("d"), o("−"), n("1"))))} of what a random direction has in common with either, and with the mean <i>r</i> of that over the pairs of the sample, <i>n</i> rows say as much as ${inline(frac(i("n"), row(n("1"), o("+"), o("("), i("n"), o("−"), n("1"), o(")"), i("r"))))} independent ones. The interval is Student’s, of the logarithm of the ratio and as of so many rows, at a level of 95 % for all sites of the report together. Below two such rows there is none; states lie farther without it where three quarters of them lie beyond what one random direction exceeds in one report of fifty.</p>
<p>Left out of the figures, in this order, are rows of zeros; rows with NaN or an infinity; massive rows, whose norm is at least eight times the power of two at or above the median norm; and copies, bit for bit, of a row that occurs at least three times and makes up 5 % of the rows, of which one stays. What is measured by running both norms and by fits is measured on a random sample of the distinct ordinary rows. The share that a scale and shift recover is R² of the least-squares <i>α</i> ⊙ <i>y</i> + <i>β</i> per dimension, on the rows of the fit (in-sample); variances are about the states’ mean vector.</p>
<p>The study follows Gupta, Ozdemir and Anumanchipalli, <cite>Geometric Interpretation of Layer Normalization and a Comparative Analysis with RMSNorm</cite> (arXiv 2409.12951); the random null, the split of the rotation and the swap are added.</p>
`;
