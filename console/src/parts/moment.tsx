import dayjs from "dayjs";
import { useLanguage } from "../words";

/** A moment in the viewer's own zone: today by its clock, this year without the year. */
export function moment(at: string, language: "zh-CN" | "en", now = dayjs()): string {
  const when = dayjs(at);
  if (when.isSame(now, "day")) return when.format("HH:mm:ss");
  const day = language === "en" ? "D MMM" : "M月D日";
  return when.isSame(now, "year") ? when.format(`${day} HH:mm`) : when.format("YYYY-MM-DD HH:mm");
}

export function Moment({ at }: { at: string | null | undefined }) {
  const language = useLanguage();
  if (!at) return <>—</>;
  return (
    <time className="numbers" dateTime={at} title={dayjs(at).format("YYYY-MM-DD HH:mm:ss")}>
      {moment(at, language)}
    </time>
  );
}

/** Seconds as m:ss. */
export function length(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
