// The messages between coordinator and worker as plain values. proto/wire.proto says what each
// field means on the wire; common/wire/codec.h turns one into the other.
#pragma once

#include "common/messages/coordinator_message.h"
#include "common/messages/worker_message.h"
