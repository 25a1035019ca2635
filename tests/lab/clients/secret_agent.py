"""A keyring of a session, as NetworkManager asks it: the secret agent of the user who runs this, through GLib's D-Bus.

usage: secret_agent.py UUID FILE: the passphrase of this profile is the first line of the file. Says `registered`, and
`asked` each time that it is asked.
"""

import sys

from gi.repository import Gio, GLib

PATH = "/org/freedesktop/NetworkManager/SecretAgent"
INTERFACE = """
<node><interface name="org.freedesktop.NetworkManager.SecretAgent">
  <method name="GetSecrets">
    <arg type="a{sa{sv}}" direction="in"/><arg type="o" direction="in"/><arg type="s" direction="in"/>
    <arg type="as" direction="in"/><arg type="u" direction="in"/><arg type="a{sa{sv}}" direction="out"/>
  </method>
  <method name="CancelGetSecrets"><arg type="o" direction="in"/><arg type="s" direction="in"/></method>
  <method name="SaveSecrets"><arg type="a{sa{sv}}" direction="in"/><arg type="o" direction="in"/></method>
  <method name="DeleteSecrets"><arg type="a{sa{sv}}" direction="in"/><arg type="o" direction="in"/></method>
</interface></node>
"""


def main(uuid, file):
    with open(file, encoding="ascii") as kept:
        psk = kept.readline().rstrip("\n")

    def called(_connection, _sender, _path, _interface, method, arguments, invocation):
        if method != "GetSecrets":
            return invocation.return_value(None)
        print("asked", flush=True)
        profile, _, section, _, _ = arguments.unpack()
        if profile["connection"]["uuid"] != uuid or section != "802-11-wireless-security":
            return invocation.return_dbus_error("org.freedesktop.NetworkManager.SecretAgent.NoSecrets", "not kept")
        secrets = {section: {"psk": GLib.Variant("s", psk)}}
        return invocation.return_value(GLib.Variant("(a{sa{sv}})", (secrets,)))

    bus = Gio.bus_get_sync(Gio.BusType.SYSTEM)
    bus.register_object(PATH, Gio.DBusNodeInfo.new_for_xml(INTERFACE).interfaces[0], called, None, None)
    manager = "org.freedesktop.NetworkManager"
    bus.call_sync(
        manager, f"/{manager.replace('.', '/')}/AgentManager", f"{manager}.AgentManager", "Register",
        GLib.Variant("(s)", ("org.plugprint.lab",)), None, Gio.DBusCallFlags.NONE, 10_000, None,
    )
    print("registered", flush=True)
    GLib.MainLoop().run()


main(*sys.argv[1:])
