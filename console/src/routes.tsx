/** Every screen by its address; each is loaded when it is first opened. */

import { createBrowserRouter, type RouteObject } from "react-router";
import { Loading } from "./parts/states";
import { screens } from "./screens";
import { Frame } from "./shell/frame";
import { Home } from "./shell/home";
import { Lost } from "./shell/lost";

const routes: RouteObject[] = screens.flatMap((screen) =>
  [screen.path, ...(screen.below ?? [])].map((path) => ({ path, lazy: screen.load })),
);

export const router = createBrowserRouter([
  {
    path: "/",
    element: <Frame />,
    errorElement: <Lost />,
    hydrateFallbackElement: <Loading />,
    children: [{ index: true, element: <Home /> }, ...routes, { path: "*", element: <Lost /> }],
  },
]);
