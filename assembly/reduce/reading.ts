import { Lanes, trait } from "../lanes";

/** How a row is read, with two vectors that say how: `scale` and `shift` are what each reading makes of them. */
@unmanaged
export abstract class Reading {
  /** Is anything read? */
  abstract get reads(): bool;
  /** Is it x as it is? Then halves may come in pairs. */
  abstract get plain(): bool;
  /** The bytes from one vector to the next. */
  abstract get step(): usize;
  abstract load(p: usize, scale: v128, shift: v128): v128;
  /** The first n elements, and 0 in the lanes after them. */
  abstract loadPart(p: usize, n: i32, scale: v128, shift: v128): v128;
}

/** x, with any number beyond the range of sums in the place of infinity and NaN: see loadFinite. */
@final @unmanaged
export class Plain<L extends Lanes> extends Reading {
  @inline get reads(): bool { return true; }
  @inline get plain(): bool { return true; }
  @inline get step(): usize { return trait<L>().step; }
  @inline load(p: usize, scale: v128, shift: v128): v128 { return trait<L>().loadFinite(p); }
  @inline loadPart(p: usize, n: i32, scale: v128, shift: v128): v128 { return trait<L>().loadPart(p, n); }
}

/** x·scale − shift. */
@final @unmanaged
export class Shifted<L extends Lanes> extends Reading {
  @inline get reads(): bool { return true; }
  @inline get plain(): bool { return false; }
  @inline get step(): usize { return trait<L>().step; }
  @inline load(p: usize, scale: v128, shift: v128): v128 {
    return trait<L>().sub(trait<L>().mul(trait<L>().load(p), scale), shift);
  }
  @inline loadPart(p: usize, n: i32, scale: v128, shift: v128): v128 {
    return trait<L>().firstLanes(trait<L>().sub(trait<L>().mul(trait<L>().loadPart(p, n), scale), shift), n);
  }
}

/** (x·scale)·shift: a power of two first, and then a factor for which x itself may be out of range. */
@final @unmanaged
export class Scaled<L extends Lanes> extends Reading {
  @inline get reads(): bool { return true; }
  @inline get plain(): bool { return false; }
  @inline get step(): usize { return trait<L>().step; }
  @inline load(p: usize, scale: v128, shift: v128): v128 {
    return trait<L>().mul(trait<L>().mul(trait<L>().load(p), scale), shift);
  }
  @inline loadPart(p: usize, n: i32, scale: v128, shift: v128): v128 {
    return trait<L>().mul(trait<L>().mul(trait<L>().loadPart(p, n), scale), shift);
  }
}

/** No row at all: for terms of one row. */
@final @unmanaged
export class Nothing extends Reading {
  @inline get reads(): bool { return false; }
  @inline get plain(): bool { return false; }
  @inline get step(): usize { return 0; }
  @inline load(p: usize, scale: v128, shift: v128): v128 { return scale; }
  @inline loadPart(p: usize, n: i32, scale: v128, shift: v128): v128 { return scale; }
}
