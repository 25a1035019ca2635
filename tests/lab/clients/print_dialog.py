"""What an application of GTK sees of the printers, and its print dialog.

usage: print_dialog.py list VERSION NAME             the printers that gtk_enumerate_printers tells, until NAME is among them
       print_dialog.py show VERSION NAME PICTURE     the dialog, once it would print on NAME; the screen goes to PICTURE"""

import ctypes
import os
import subprocess
import sys
import time

import gi

what, version, wanted = sys.argv[1:4]
gi.require_version("Gtk", version + ".0")
from gi.repository import GLib, Gtk  # noqa: E402  (its version comes first)

PATIENCE = 30  # seconds
LIBRARY = {"3": "libgtk-3.so.0", "4": "libgtk-4.so.1"}[version]


def list_printers():
    """By C, because GTK 3's introspection does not have this function."""
    gtk = ctypes.CDLL(LIBRARY)
    gtk.gtk_printer_get_name.restype = ctypes.c_char_p
    gtk.gtk_printer_get_name.argtypes = [ctypes.c_void_p]
    found = []

    @ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
    def told(printer, _data):
        name = gtk.gtk_printer_get_name(printer).decode()
        print(name, flush=True)
        if wanted in name:
            found.append(name)
        return bool(found)

    # It tells what CUPS knows at this moment.
    until = time.monotonic() + PATIENCE
    while not found and time.monotonic() < until:
        gtk.gtk_enumerate_printers(told, None, None, True)
        time.sleep(0.2)
    finish(bool(found))


def finish(good):
    """At once: a dialog that is on the screen would like to be closed first."""
    sys.stdout.flush()
    os._exit(0 if good else 1)


def children(widget):
    if version == "3":
        return widget.get_children() if isinstance(widget, Gtk.Container) else []
    found, child = [], widget.get_first_child()
    while child:
        found.append(child)
        child = child.get_next_sibling()
    return found


def below(widget):
    yield widget
    for child in children(widget):
        yield from below(child)


def choose(dialog):
    """Selects the row of the printer in the dialog's list, once it is there; anew where it is selected already."""
    for view in below(dialog):
        if isinstance(view, Gtk.TreeView) and view.get_model():
            for row in view.get_model():
                if any(isinstance(cell, str) and wanted in cell for cell in row):
                    view.get_selection().unselect_all()
                    view.get_selection().select_iter(row.iter)
                    return True
        if version == "4" and isinstance(view, Gtk.ColumnView) and view.get_model():
            model = view.get_model()
            for place, item in enumerate(model):
                if isinstance(item, Gtk.Printer) and wanted in item.get_name():
                    model.select_item((place + 1) % len(model), True)
                    model.select_item(place, True)
                    return True
    return False


def show_dialog(picture):
    if version == "3":
        operation = Gtk.PrintOperation(n_pages=1)
        GLib.idle_add(operation.run, Gtk.PrintOperationAction.PRINT_DIALOG, None)
        toplevels = Gtk.Window.list_toplevels
    else:
        dialog = Gtk.PrintUnixDialog(title="Print")
        dialog.present()
        toplevels = lambda: [dialog]  # noqa: E731
    chosen = []

    def take():
        finish(subprocess.run(["import", "-window", "root", picture], check=False).returncode == 0)

    def look():
        """Chosen, the printer is asked what it can do; then the dialog would print on it. CUPS makes a queue at this
        moment, and GTK gives up where that takes it too long: it is chosen again then."""
        for window in toplevels():
            if not isinstance(window, Gtk.Dialog):
                continue
            if chosen and window.get_widget_for_response(Gtk.ResponseType.OK).get_sensitive():
                GLib.timeout_add_seconds(1, take)
                return False
            if choose(window):
                chosen.append(window)
        return True

    GLib.timeout_add_seconds(3, look)
    GLib.timeout_add_seconds(PATIENCE, finish, False)
    GLib.MainLoop().run()


if version == "3":
    Gtk.init([])
else:
    Gtk.init()
if what == "list":
    list_printers()
else:
    show_dialog(sys.argv[4])
