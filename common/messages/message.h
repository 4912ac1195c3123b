// The messages between coordinator and worker as plain values. proto/wire.proto describes the
// fields; common/wire/codec.h encodes and decodes them.
#pragma once

#include "common/messages/coordinator_message.h"
#include "common/messages/worker_message.h"
