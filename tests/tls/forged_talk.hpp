// A channel that has done the handshake with an OpenSSL client and then hears only forged records.
#pragma once

#include "tls/forger.hpp"
#include "tls/talk.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <optional>
#include <string>
#include <utility>

namespace ferrule::test {

/// A talk in one version of TLS, after the handshake. From here on, records are forged.
class forged_talk {
public:
    explicit forged_talk(int version) : client_{make_plain_client(version)}
    {
        if (!with.shake_hands())
            ADD_FAILURE() << "no handshake";
        forged.emplace(with);
    }

    /// What the channel reads of forged records that come in one segment. (A list, since the order
    /// in which they are forged counts, and that of operands is not said.)
    std::string reads(std::initializer_list<std::string> records)
    {
        for (const std::string& each : records)
            with.give(each);
        return with.server_reads();
    }

    /// The alert that the channel has put on the wire, as the client reads it; 0 for none.
    int alert()
    {
        with.give_client(with.from_server());
        with.client_reads();
        return std::exchange(with.alert_to_client, 0);
    }

private:
    tls::context server_{good_options()};
    client_context client_;

public:
    talk with{client_.get(), server_.native()};
    std::optional<forger> forged;
};

} // namespace ferrule::test
