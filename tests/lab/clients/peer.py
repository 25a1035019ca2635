"""One connection to the system bus, through libdbus."""

import os
import threading

import dbus
import dbus.lowlevel
import dbus.mainloop.glib
import dbus.service
from gi.repository import GLib

import descriptors
from bus import SERVICE, Refused

dbus.mainloop.glib.threads_init()


class Prompter(dbus.service.Object):
    """Answers as it was told, and remembers what it was asked. Nothing of this is the service's own code."""

    NAME = "org.plugprint1.Prompter"

    def __init__(self, connection, path, answers):
        super().__init__(connection, path)
        self.answers = answers
        self.log = []

    def note(self, what, sender, *arguments):
        self.log.append((what, str(sender), *[plain(argument) for argument in arguments]))

    @dbus.service.method(NAME, in_signature="osa{sv}", out_signature="h", sender_keyword="sender")
    def RequestSecret(self, job, kind, options, sender):
        self.note("RequestSecret", sender, job, kind, options)
        secret = self.answers.get(str(kind))
        if secret is None:
            raise dbus.DBusException("no", name="org.plugprint1.Error.Canceled")
        read, write = os.pipe()
        os.write(write, secret.encode() + b"\n")
        os.close(write)
        answer = dbus.types.UnixFd(read)
        os.close(read)
        return answer

    @dbus.service.method(NAME, in_signature="osta{sv}", out_signature="", sender_keyword="sender")
    def RequestAction(self, job, what, deadline, options, sender):
        self.note("RequestAction", sender, job, what, options)

    @dbus.service.method(NAME, in_signature="osa{sv}", out_signature="b", sender_keyword="sender")
    def RequestConfirmation(self, job, question, options, sender):
        self.note("RequestConfirmation", sender, job, question, options)
        return bool(self.answers.get(str(question), True))

    @dbus.service.method(NAME, in_signature="osta{sv}", out_signature="", sender_keyword="sender")
    def DisplayPin(self, job, pin, deadline, options, sender):
        self.note("DisplayPin", sender, job, pin, options)

    @dbus.service.method(NAME, in_signature="osa{sv}", out_signature="", sender_keyword="sender")
    def Cancel(self, job, reason, options, sender):
        self.note("Cancel", sender, job, reason)

    @dbus.service.method(NAME, in_signature="a{sv}", out_signature="", sender_keyword="sender")
    def Release(self, options, sender):
        self.note("Release", sender)


class Peer:
    """What a client can be told to do."""

    def __init__(self):
        self.loop = dbus.mainloop.glib.DBusGMainLoop()
        self.bus = dbus.SystemBus(private=True, mainloop=self.loop)
        self.bus.set_exit_on_disconnect(False)
        self.prompter = None
        threading.Thread(target=GLib.MainLoop().run, daemon=True).start()

    def name(self):
        return str(self.bus.get_unique_name())

    def call(self, to, path, interface, method, signature, arguments):
        arguments = [
            dbus.types.UnixFd(descriptors.make(value[1])) if isinstance(value, tuple) and value[0] == "fd" else value
            for value in arguments
        ]
        for options in arguments:
            if isinstance(options, dict):  # in a variant, bytes would be taken for text
                options.update({key: dbus.ByteArray(value) for key, value in options.items() if isinstance(value, bytes)})
        message = dbus.lowlevel.MethodCallMessage(to, path, interface, method)
        message.append(signature=signature, *arguments)
        try:
            reply = self.bus.send_message_with_reply_and_block(message, 60.0)
        except dbus.DBusException as error:
            raise Refused(error.get_dbus_name(), error.get_dbus_message()) from None
        values = [plain(value) for value in reply.get_args_list()]
        return values[0] if len(values) == 1 else values

    def prompt(self, path, answers):
        self.prompter = Prompter(self.bus, path, answers)
        self.call(SERVICE, "/org/plugprint1", "org.plugprint1.Manager", "RegisterPrompter", "oa{sv}", (path, {}))

    def offer(self, path, answers):
        self.prompter = Prompter(self.bus, path, answers)

    def asked(self):
        return list(self.prompter.log)

    def own(self, name):
        self.bus.request_name(name)


def plain(value):
    """A value without libdbus's types, so that it can be pickled."""
    if isinstance(value, dbus.types.UnixFd):
        return "a descriptor"
    if isinstance(value, dict):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, dbus.Boolean):
        return bool(value)
    if isinstance(value, (dbus.ByteArray, bytes)):
        return bytes(value)
    if isinstance(value, dbus.Array) and value.signature == "y":
        return bytes(value)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, str):
        return str(value)
    if isinstance(value, float):
        return float(value)
    return int(value)
