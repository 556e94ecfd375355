import { Button, type ButtonProps } from "antd";
import { useHref, useNavigate } from "react-router";

/** A button that leads to another screen: one stop for the keyboard, and a real address for the middle mouse button. */
export function LinkButton({ to, ...rest }: { to: string } & Omit<ButtonProps, "href" | "onClick">) {
  const go = useNavigate();
  return (
    <Button
      {...rest}
      href={useHref(to)}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        void go(to);
      }}
    />
  );
}
