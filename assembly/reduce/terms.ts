import { Lanes, Sums, trait } from "../lanes";

/**
 * The two sums that `Reduce` takes of a row x, or of x and another row y: what each element adds to the first and to the
 * second. Vectors come by fours, which are added to each other before they are added to a sum; and one by one.
 */
@unmanaged
export abstract class Term<L extends Lanes> {
  /** Is the first sum taken? The second is, always. */
  abstract get first(): bool;
  /** Is the first sum wide: see `Sums`. Only then are the methods called that end in High. */
  abstract get wide(): bool;
  abstract first4(sum: v128, a: v128, b: v128, c: v128, d: v128, e: v128, f: v128, g: v128, h: v128): v128;
  abstract first4High(sum: v128, a: v128, b: v128, c: v128, d: v128): v128;
  abstract first1(sum: v128, x: v128, y: v128): v128;
  abstract first1High(sum: v128, x: v128): v128;
  abstract second4(sum: v128, a: v128, b: v128, c: v128, d: v128, e: v128, f: v128, g: v128, h: v128): v128;
  abstract second1(sum: v128, x: v128, y: v128): v128;

  /** (a² + b²) + (c² + d²). */
  @inline squares4(a: v128, b: v128, c: v128, d: v128): v128 {
    const l = trait<L>();
    return l.add(l.fma(a, a, l.mul(b, b)), l.fma(c, c, l.mul(d, d)));
  }
}

/** Σx and Σx². */
@final @unmanaged
export class Moments<L extends Lanes> extends Term<L> {
  @inline get first(): bool { return true; }
  @inline get wide(): bool { return trait<L>().wideSums; }
  @inline first4(sum: v128, a: v128, b: v128, c: v128, d: v128, e: v128, f: v128, g: v128, h: v128): v128 {
    return trait<Sums<L>>().addSums(sum, trait<Sums<L>>().four(a, b, c, d));
  }
  @inline first4High(sum: v128, a: v128, b: v128, c: v128, d: v128): v128 {
    return trait<Sums<L>>().addSums(sum, trait<Sums<L>>().fourHigh(a, b, c, d));
  }
  @inline first1(sum: v128, x: v128, y: v128): v128 { return trait<Sums<L>>().addSums(sum, trait<Sums<L>>().one(x)); }
  @inline first1High(sum: v128, x: v128): v128 { return trait<Sums<L>>().addSums(sum, trait<Sums<L>>().oneHigh(x)); }
  @inline second4(sum: v128, a: v128, b: v128, c: v128, d: v128, e: v128, f: v128, g: v128, h: v128): v128 {
    return trait<L>().add(sum, this.squares4(a, b, c, d));
  }
  @inline second1(sum: v128, x: v128, y: v128): v128 { return trait<L>().fma(x, x, sum); }
}

/** Σx² alone. */
@final @unmanaged
export class Squares<L extends Lanes> extends Term<L> {
  @inline get first(): bool { return false; }
  @inline get wide(): bool { return false; }
  @inline first4(sum: v128, a: v128, b: v128, c: v128, d: v128, e: v128, f: v128, g: v128, h: v128): v128 { return sum; }
  @inline first4High(sum: v128, a: v128, b: v128, c: v128, d: v128): v128 { return sum; }
  @inline first1(sum: v128, x: v128, y: v128): v128 { return sum; }
  @inline first1High(sum: v128, x: v128): v128 { return sum; }
  @inline second4(sum: v128, a: v128, b: v128, c: v128, d: v128, e: v128, f: v128, g: v128, h: v128): v128 {
    return trait<L>().add(sum, this.squares4(a, b, c, d));
  }
  @inline second1(sum: v128, x: v128, y: v128): v128 { return trait<L>().fma(x, x, sum); }
}

/** Σxy and Σx². */
@final @unmanaged
export class Products<L extends Lanes> extends Term<L> {
  @inline get first(): bool { return true; }
  @inline get wide(): bool { return false; }
  @inline first4(sum: v128, a: v128, b: v128, c: v128, d: v128, e: v128, f: v128, g: v128, h: v128): v128 {
    const l = trait<L>();
    return l.add(sum, l.add(l.fma(a, e, l.mul(b, f)), l.fma(c, g, l.mul(d, h))));
  }
  @inline first4High(sum: v128, a: v128, b: v128, c: v128, d: v128): v128 { return sum; }
  @inline first1(sum: v128, x: v128, y: v128): v128 { return trait<L>().fma(x, y, sum); }
  @inline first1High(sum: v128, x: v128): v128 { return sum; }
  @inline second4(sum: v128, a: v128, b: v128, c: v128, d: v128, e: v128, f: v128, g: v128, h: v128): v128 {
    return trait<L>().add(sum, this.squares4(a, b, c, d));
  }
  @inline second1(sum: v128, x: v128, y: v128): v128 { return trait<L>().fma(x, x, sum); }
}

/** Σ(x − y)² and Σ(x + y)². */
@final @unmanaged
export class Differences<L extends Lanes> extends Term<L> {
  @inline get first(): bool { return true; }
  @inline get wide(): bool { return false; }
  @inline first4(sum: v128, a: v128, b: v128, c: v128, d: v128, e: v128, f: v128, g: v128, h: v128): v128 {
    const l = trait<L>();
    return l.add(sum, this.squares4(l.sub(a, e), l.sub(b, f), l.sub(c, g), l.sub(d, h)));
  }
  @inline first4High(sum: v128, a: v128, b: v128, c: v128, d: v128): v128 { return sum; }
  @inline first1(sum: v128, x: v128, y: v128): v128 {
    const l = trait<L>(), v = l.sub(x, y);
    return l.fma(v, v, sum);
  }
  @inline first1High(sum: v128, x: v128): v128 { return sum; }
  @inline second4(sum: v128, a: v128, b: v128, c: v128, d: v128, e: v128, f: v128, g: v128, h: v128): v128 {
    const l = trait<L>();
    return l.add(sum, this.squares4(l.add(a, e), l.add(b, f), l.add(c, g), l.add(d, h)));
  }
  @inline second1(sum: v128, x: v128, y: v128): v128 {
    const l = trait<L>(), v = l.add(x, y);
    return l.fma(v, v, sum);
  }
}
