#include "server/notify/address_rules.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <cstring>

namespace cockpit::notify {
namespace {

// What is said of the address; "" where it may be used.
std::string judged(const char* text) {
    if (std::strchr(text, ':') != nullptr) {
        Ipv6 address;
        EXPECT_EQ(::inet_pton(AF_INET6, text, address.data()), 1) << text;
        return refused_because(address).value_or("");
    }
    Ipv4 address;
    EXPECT_EQ(::inet_pton(AF_INET, text, address.data()), 1) << text;
    return refused_because(address).value_or("");
}

TEST(AddressRules, WhatMayBeUsedAndWhatNot) {
    const struct {
        const char* address;
        const char* refused;
    } table[] = {
        {"127.0.0.1", "a loopback address"},
        {"127.255.255.254", "a loopback address"},
        {"0.0.0.0", "an unspecified address"},
        {"0.1.2.3", "an unspecified address"},
        {"169.254.169.254", "a link-local address"},
        {"169.253.255.255", ""},
        {"169.255.0.0", ""},
        {"224.0.0.1", "a multicast address"},
        {"239.255.255.255", "a multicast address"},
        {"223.255.255.255", ""},
        {"240.0.0.1", "a broadcast or reserved address"},
        {"255.255.255.255", "a broadcast or reserved address"},
        {"10.0.0.1", ""},
        {"172.16.0.1", ""},
        {"192.168.1.1", ""},
        {"100.64.0.1", ""},
        {"93.184.216.34", ""},
        {"::", "an unspecified address"},
        {"::1", "a loopback address"},
        {"::127.0.0.1", "a loopback address"},
        {"::ffff:127.0.0.1", "a loopback address"},
        {"::ffff:169.254.169.254", "a link-local address"},
        {"::ffff:0.0.0.0", "an unspecified address"},
        {"::ffff:10.0.0.1", ""},
        {"::ffff:0:127.0.0.1", "a loopback address"},
        {"64:ff9b::127.0.0.1", "a loopback address"},
        {"64:ff9b::93.184.216.34", ""},
        {"2002:7f00:1::", "a loopback address"},
        {"2002:5db8:d822::1", ""},
        {"fe80::1", "a link-local address"},
        {"febf::1", "a link-local address"},
        {"fec0::1", "a site-local address"},
        {"ff02::1", "a multicast address"},
        {"fd00::1", ""},
        {"2001:db8::1", ""},
        {"2606:2800:220:1::1", ""},
    };
    for (const auto& [address, refused] : table)
        EXPECT_EQ(judged(address), refused) << address;
}

}  // namespace
}  // namespace cockpit::notify
