import { Link, Outlet, useNavigate } from "@tanstack/react-router";
import { Command } from "cmdk";
import { Bell, BookOpen, CalendarClock, Clock, Gauge, KeyRound, ListTree, LogOut, Menu, Moon, Rocket, Search, Server, Sun, Terminal, Users } from "lucide-react";
import { useEffect, useState } from "react";
import { Dialog } from "./parts/dialog";
import { useSession } from "./session";

interface Page {
  to: string;
  name: string;
  icon: typeof Server;
  /** Whoever has it sees the page in the menu. */
  needs?: string;
}

const pages: Page[] = [
  { to: "/overview", name: "Overview", icon: Gauge },
  { to: "/agents", name: "Agents", icon: Server },
  { to: "/command", name: "Run a command", icon: Terminal, needs: "cockpit_agents:write" },
  { to: "/runs", name: "Runs", icon: ListTree },
  { to: "/history", name: "History", icon: Clock },
  { to: "/deployments", name: "Deployments", icon: Rocket, needs: "deployments:read" },
  { to: "/groups", name: "Groups", icon: Users },
  { to: "/schedules", name: "Schedules", icon: CalendarClock, needs: "schedules:read" },
  { to: "/notifications", name: "Notifications", icon: Bell, needs: "notifications:read" },
  { to: "/accounts", name: "Accounts", icon: KeyRound, needs: "users:read" },
  { to: "/docs", name: "API", icon: BookOpen },
];

function usePages(): Page[] {
  const { may } = useSession();
  return pages.filter((page) => page.needs === undefined || may(page.needs));
}

function useTheme(): [boolean, () => void] {
  const [dark, setDark] = useState(() => {
    const kept = localStorage.getItem("cockpit-theme");
    return kept === null ? matchMedia("(prefers-color-scheme: dark)").matches : kept === "dark";
  });
  useEffect(() => { document.documentElement.classList.toggle("dark", dark); }, [dark]);
  return [dark, () => { localStorage.setItem("cockpit-theme", dark ? "light" : "dark"); setDark(!dark); }];
}

function Palette() {
  const [open, setOpen] = useState(false);
  const navigate = useNavigate();
  const pages = usePages();
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "k" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      setOpen((was) => !was);
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
  return (
    <>
      <button className="button" aria-keyshortcuts="Control+K" onClick={() => setOpen(true)}><Search aria-hidden className="size-4" /><span className="hidden sm:inline">Go to…</span><kbd className="muted hidden text-xs sm:inline">Ctrl K</kbd><span className="sr-only sm:hidden">Go to a page</span></button>
      <Dialog open={open} onClose={() => setOpen(false)} label="Go to a page">
        <Command label="Go to a page">
          <Command.Input className="w-full border-b border-stone-200 bg-transparent px-4 py-3 text-sm outline-none dark:border-stone-800" placeholder="Where to?" />
          <Command.List className="max-h-72 overflow-auto p-2">
            <Command.Empty className="muted p-3 text-sm">Nothing of that name.</Command.Empty>
            {pages.map(({ to, name, icon: Icon }) => (
              <Command.Item key={to} value={name} onSelect={() => { setOpen(false); void navigate({ to }); }} className="flex cursor-pointer items-center gap-3 rounded px-3 py-2 text-sm aria-selected:bg-stone-100 dark:aria-selected:bg-stone-800">
                <Icon aria-hidden className="size-4" />{name}
              </Command.Item>
            ))}
          </Command.List>
        </Command>
      </Dialog>
    </>
  );
}

export function Layout() {
  const { identity, signOut } = useSession();
  const [dark, toggle] = useTheme();
  const [menu, setMenu] = useState(false);
  const pages = usePages();
  return (
    <div className="min-h-screen md:grid md:grid-cols-[13rem_1fr]">
      <a href="#main" className="button absolute top-2 -left-[999px] z-50 focus:left-2">Skip to the content</a>
      <nav aria-label="pages" className={`${menu ? "block" : "hidden"} border-r border-stone-200 bg-white p-3 md:sticky md:top-0 md:block md:h-screen dark:border-stone-800 dark:bg-stone-900`}>
        <p className="mb-4 hidden items-center gap-2 px-2 font-semibold md:flex"><img src="/icon.svg" alt="" className="size-6" />Cockpit</p>
        <ul className="space-y-1">
          {pages.map(({ to, name, icon: Icon }) => (
            <li key={to}>
              <Link to={to} onClick={() => setMenu(false)} className="flex items-center gap-3 rounded-md px-2 py-2 text-sm hover:bg-stone-100 dark:hover:bg-stone-800" activeProps={{ className: "bg-stone-100 font-medium dark:bg-stone-800" }}>
                <Icon aria-hidden className="size-4" />{name}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      <div className="min-w-0">
        <header className="sticky top-0 z-30 flex items-center gap-2 border-b border-stone-200 bg-stone-50/95 px-4 py-2 backdrop-blur dark:border-stone-800 dark:bg-stone-950/95">
          <button className="button md:hidden" aria-expanded={menu} aria-label="pages" onClick={() => setMenu(!menu)}><Menu aria-hidden className="size-4" /></button>
          <Palette />
          <Link to="/account" className="link ml-auto truncate text-sm">{identity.username}</Link>
          <button className="button" onClick={toggle} aria-label={dark ? "light colours" : "dark colours"}>{dark ? <Sun aria-hidden className="size-4" /> : <Moon aria-hidden className="size-4" />}</button>
          <button className="button" onClick={signOut} aria-label="sign out"><LogOut aria-hidden className="size-4" /></button>
        </header>
        <main id="main" className="p-4 md:p-6"><Outlet /></main>
      </div>
    </div>
  );
}
