//! Where a flow's content stands: the type of the flow, or a module. It decides which actions may appear.

/// A flow type, or a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Home {
    /// `CONTACT_FLOW`: what a new contact meets.
    ContactFlow,
    /// `CUSTOMER_QUEUE`: while the customer waits.
    CustomerQueue,
    /// `CUSTOMER_HOLD`: while the customer is on hold.
    CustomerHold,
    /// `CUSTOMER_WHISPER`: what the customer hears before the agent.
    CustomerWhisper,
    /// `AGENT_HOLD`: while the agent is on hold.
    AgentHold,
    /// `AGENT_WHISPER`: what the agent hears before the customer.
    AgentWhisper,
    /// `OUTBOUND_WHISPER`: what the customer of an outbound call hears first.
    OutboundWhisper,
    /// `AGENT_TRANSFER`: on the way to another agent.
    AgentTransfer,
    /// `QUEUE_TRANSFER`: on the way to another queue.
    QueueTransfer,
    /// `CAMPAIGN`: outbound campaigns.
    Campaign,
    /// A flow module, which has no type.
    Module,
}

impl Home {
    /// Every one, modules last.
    pub const ALL: [Home; 11] = [
        Home::ContactFlow,
        Home::CustomerQueue,
        Home::CustomerHold,
        Home::CustomerWhisper,
        Home::AgentHold,
        Home::AgentWhisper,
        Home::OutboundWhisper,
        Home::AgentTransfer,
        Home::QueueTransfer,
        Home::Campaign,
        Home::Module,
    ];

    /// The flow type's name in requests; for modules, a word for messages.
    pub fn word(self) -> &'static str {
        match self {
            Home::ContactFlow => "CONTACT_FLOW",
            Home::CustomerQueue => "CUSTOMER_QUEUE",
            Home::CustomerHold => "CUSTOMER_HOLD",
            Home::CustomerWhisper => "CUSTOMER_WHISPER",
            Home::AgentHold => "AGENT_HOLD",
            Home::AgentWhisper => "AGENT_WHISPER",
            Home::OutboundWhisper => "OUTBOUND_WHISPER",
            Home::AgentTransfer => "AGENT_TRANSFER",
            Home::QueueTransfer => "QUEUE_TRANSFER",
            Home::Campaign => "CAMPAIGN",
            Home::Module => "module",
        }
    }

    /// The home of flows of a type; none for types that are newer than this list.
    pub fn of_type(word: &str) -> Option<Home> {
        Self::ALL.into_iter().find(|home| *home != Home::Module && home.word() == word)
    }
}

/// A set of homes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Homes(u16);

impl Homes {
    /// All of them.
    pub const ALL: Homes = Homes(u16::MAX);

    /// Exactly these.
    pub const fn of(homes: &[Home]) -> Homes {
        let mut bits = 0;
        let mut at = 0;
        while at < homes.len() {
            bits |= 1 << homes[at] as u16;
            at += 1;
        }
        Homes(bits)
    }

    /// All but these.
    pub const fn but(homes: &[Home]) -> Homes {
        Homes(!Homes::of(homes).0)
    }

    /// Whether one is among them.
    pub fn has(self, home: Home) -> bool {
        self.0 & (1 << home as u16) != 0
    }
}
