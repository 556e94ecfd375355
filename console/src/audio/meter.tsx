import { useEffect, useId, useRef } from "react";
import "./meter.css";
import { shareOfMeter } from "./level";

const EVERY_MS = 80;

/** A level in dBov as a bar; it moves without drawing the screen again. */
export function Meter({ name, of }: { name: string; of: () => number }) {
  const id = useId();
  const bar = useRef<HTMLMeterElement>(null);
  const ask = useRef(of);
  ask.current = of;
  useEffect(() => {
    const timer = setInterval(() => {
      if (bar.current) bar.current.value = shareOfMeter(ask.current());
    }, EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <div className="meter-row">
      <label className="soft" htmlFor={id}>
        {name}
      </label>
      <meter id={id} ref={bar} className="meter" min={0} max={1} high={0.9} optimum={0.5} />
    </div>
  );
}
